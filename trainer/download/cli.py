"""``melanoma-train download``: a published data set into a folder."""

from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from trainer.download.isic import IsicJob, download_isic, parse_isic
from trainer.download.kaggle import download_kaggle, parse_kaggle
from trainer.download.record import DownloadRecord

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="kaggle:OWNER/NAME, isic:COLLECTION_ID or isic:search?QUERY.",
    ),
]
Out = Annotated[Path, typer.Option(help="Folder to fill: new, or of the same download.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="At most so many pictures of the ISIC Archive.")
]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Pictures at a time.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``melanoma-train``."""
    app.command()(download)


def download(
    source: Source, out: Out, limit: Limit = None, workers: Workers = IsicJob.workers
) -> None:
    """Download pictures and what is known of them; each file is verified and remembered.

    After Ctrl-C or an error, the same command goes on where it stopped. The licence is that of
    the source: read it, keep the attribution, and use the pictures only as it allows.
    """
    wanted = _parse(source)
    record = DownloadRecord(out, source if limit is None else f"{source} limit {limit}")
    if isinstance(wanted, str):
        download_kaggle(wanted, record)
        console.write_line(f"licence: see https://www.kaggle.com/datasets/{wanted}")
    else:
        licences = download_isic(IsicJob(wanted, limit=limit, workers=workers), record)
        rows = [(name, str(count)) for name, count in sorted(licences.items())]
        console.print_table(("licence", "pictures"), rows)
        console.write_line("attribution of each picture: in metadata.csv")
    console.write_line(f"{len(record)} files in {console.display_name(out)}")


def _parse(source: str) -> str | dict[str, str]:
    """A handle of Kaggle, or parameters of the ISIC Archive."""
    kind, _, name = source.partition(":")
    try:
        if kind == "kaggle":
            return parse_kaggle(name)
        if kind == "isic":
            return parse_isic(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="SOURCE") from error
    raise typer.BadParameter(
        f"expected kaggle:OWNER/NAME or isic:COLLECTION_ID. Received: {source!r}",
        param_hint="SOURCE",
    )
