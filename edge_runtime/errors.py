"""Every error the packages raise on purpose, and the exit code each becomes.

MelanomaError
├─ ContractError            file and runtime disagree            exit 3
│  ├─ CardMissingError      the file carries no card
│  ├─ CardSchemaError       a card, or a value in it, is not what its schema says
│  ├─ CardVersionError      the card's schema version is not one this release reads
│  ├─ IntegrityError        bytes of the model, card or golden cases have changed
│  ├─ TensorMismatchError   the model's tensors are not those its card names
│  └─ SelfTestError         the golden cases give other logits than the converter recorded
├─ InputError               this picture, file or folder cannot be used      exit 4
│  └─ ImageDecodeError      this picture cannot be read, or is of an unsupported kind
├─ DatasetError             a data set or its split is unsound               exit 4
├─ DeviceError              hardware or a native library                     exit 5
│  ├─ CameraUnavailableError   a camera or stream gives no frames
│  ├─ JournalError          the journal cannot be written or read
│  ├─ RuntimeUnavailableError
│  └─ DelegateUnavailableError
├─ MissingDependencyError   names the extra to install                       exit 5
├─ OutputExistsError        a result would be overwritten                    exit 2
├─ ConversionError [converter.errors]                                        exit 6
└─ BenchmarkError [benchmarks.errors]                                        exit 7

A message says what was expected, what came (``Received: name=value``) and what to do.
"""


class MelanomaError(Exception):
    """Root of all errors raised on purpose; ``exit_code`` is what a command ends with."""

    exit_code = 1


class ContractError(MelanomaError):
    """The model file and this runtime disagree."""

    exit_code = 3


class CardMissingError(ContractError):
    """The file carries no model card."""


class CardSchemaError(ContractError):
    """The card has unknown, missing or impossible values."""


class CardVersionError(ContractError):
    """The card was written for another schema version."""


class IntegrityError(ContractError):
    """Bytes of the model, its card or its golden cases have changed since they were sealed."""


class TensorMismatchError(ContractError):
    """The model's tensors are not those that its card names."""


class SelfTestError(ContractError):
    """This runtime does not compute what the converter computed."""


class InputError(MelanomaError):
    """A picture, file or folder cannot be used."""

    exit_code = 4


class ImageDecodeError(InputError):
    """A picture cannot be read, or is of a kind the model was not trained on."""


class DatasetError(MelanomaError):
    """A data set, its labels or its split are unsound."""

    exit_code = 4


class DeviceError(MelanomaError):
    """Hardware or a native library is missing or failing."""

    exit_code = 5


class CameraUnavailableError(DeviceError):
    """A camera or stream cannot be opened, or gives no frames."""


class JournalError(DeviceError):
    """The journal cannot be opened, written or read."""


class RuntimeUnavailableError(DeviceError):
    """No TFLite runtime could run the probe model."""


class DelegateUnavailableError(DeviceError):
    """The model needs an accelerator that is not here."""


class MissingDependencyError(MelanomaError):
    """An optional package is absent; the message names the extra that brings it."""

    exit_code = 5


class OutputExistsError(MelanomaError):
    """The output exists already and would be overwritten."""

    exit_code = 2
