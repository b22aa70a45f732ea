"""How the figures came about, with sources, as sentences."""

from typing import Any

from trainer.evaluation.skin_tone import CATEGORIES


def method(result: dict[str, Any]) -> list[str]:
    """Sentences for the page and the model card.

    Args:
        result: Content of ``metrics.json``.
    """
    return [*_source(result), *_statistics(result), *_parts()]


def _source(result: dict[str, Any]) -> list[str]:
    temperature = result["temperature"]
    score = (
        f"Score = sigmoid(logit / {temperature:.4g}); the temperature was fitted on the "
        "validation pictures (Guo et al. 2017, arXiv:1706.04599)."
    )
    if result["out_of_fold"]:
        score = (
            "Score = sigmoid(logit / temperature), the temperature of each fold fitted on its "
            "validation pictures (Guo et al. 2017, arXiv:1706.04599)."
        )
        origin = (
            "Each picture was scored by the model of a fold that did not see it, at that model's "
            "temperature; decisions are at the threshold of the model that was kept, which was "
            f"trained on more pictures. {_separation(result['training'])}"
        )
    elif result["own_data"]:
        origin = (
            "Scores are those that the training run wrote down for its own pictures. "
            + _separation(result["training"])
        )
    else:
        origin = (
            "The Keras model scored another data set, at the temperature and threshold of the "
            "training run. Pictures with the bytes, the lesion or the patient of a training or "
            "validation picture were left out."
        )
    return [origin, score]


def _separation(training: dict[str, Any]) -> str:
    if training["leaked_pictures"]:
        return (
            f"{training['leaked_pictures']} pictures of copies, lesions or patients lie in more "
            "than one of its splits: the figures are too good."
        )
    kept = "copy" if training["grouped_by"] == "cluster" else training["grouped_by"]
    return f"No {kept} lies in two of its splits."


def _statistics(result: dict[str, Any]) -> list[str]:
    return [
        f"Intervals are 95 % percentile bootstrap intervals over lesions or patients "
        f"({result['resamples']:,} resamples, seed {result['training']['seed']}; Field and Welsh "
        "2007, doi 10.1111/j.1467-9868.2007.00593.x). A share of exactly 0 or 1 has its Wilson "
        "interval. A ROC-AUC of 0 or 1, or with fewer than 10 pictures of a class, has a score "
        "interval (Newcombe 2006, doi 10.1002/sim.2324).",
        "Accuracy, precision, recall, F1, sensitivity and specificity are those at the threshold.",
        "Brier score: mean squared difference of score and label. Expected calibration error: 15 "
        "bins of equal mass (Nixon et al. 2019, arXiv:1904.01685). It cannot be negative, so "
        "chance raises it, in resamples still more: its interval is too high rather than too low.",
        "PPV = Se·p / (Se·p + (1 − Sp)(1 − p)), NPV = Sp(1 − p) / (Sp(1 − p) + (1 − Se)p) at "
        f"prevalence p = {result['prevalence']:g} (Altman and Bland 1994, doi "
        "10.1136/bmj.309.6947.102). Their intervals are the values at the ends of 97.5 % "
        "intervals of both rates, which hold with at least 95 % (Bonferroni); p is taken as "
        "known.",
    ]


def _parts() -> list[str]:
    bounds = ", ".join(
        f"{name} above {lower:g}°" for name, lower in CATEGORIES if lower > -90
    ).replace("-", "−")
    return [
        "Skin tone: individual typology angle, ITA = arctan((L* − 50) / b*) · 180/π, of the "
        "median colour of the outer 15 % of the picture without dark tube, glare, hair and "
        f"lesion; {bounds}, dark below (Chardon et al. 1991, doi "
        "10.1111/j.1467-2494.1991.tb00561.x; Del Bino and Bernerd 2013, doi 10.1111/bjd.12529). "
        "Not estimated where under a tenth of the border is left, or where it is bluish (b* ≤ 0).",
        "That estimate is rough: cameras are not calibrated, and light, gel and white balance "
        "shift the angle, mostly upwards; methods disagree on the same pictures (Kalb et al. "
        "2023, arXiv:2308.09640). It says nothing about ethnicity.",
    ]
