"""Every error the platform raises on purpose: what was expected, what came, what to do."""


class TripoError(Exception):
    """Base of all our errors. ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class BadInput(TripoError):
    """The caller gave something that cannot be used: a malformed file, an unknown column."""

    exit_code = 2


class NotAPartition(BadInput):
    """A partition key is missing or is not a day or a range of days."""


class UnknownAsset(BadInput):
    """An asset name that docs/domain.md does not list."""


class SchemaMismatch(BadInput):
    """Columns or types differ from the contract of the asset."""


class RowRefused(BadInput):
    """A row breaks a constraint of its table in the store."""


class BadParams(BadInput):
    """params.yaml, a profile or an override holds something that is not allowed."""


class QuoteRefused(BadInput):
    """A quote that came back is not one of ours, was changed, or is no longer honoured."""


class DataRejected(TripoError):
    """A table-level rule or the tolerated share of bad rows was broken; nothing was written."""

    exit_code = 3


class PartitionMissing(TripoError):
    """A partition that a step needs has not been written."""

    exit_code = 3


class PartitionImmutable(TripoError):
    """Somebody tried to change a landing partition; they are written once."""


class ModelMissing(TripoError):
    """No version of the model, or none under the wanted alias."""

    exit_code = 4


class ArtefactTampered(TripoError):
    """The bytes of an artefact do not have the SHA-256 that the registry recorded."""

    exit_code = 4


class ReleaseRefused(TripoError):
    """A release's parts do not belong together, or its self-test rows do not replay."""

    exit_code = 4


class RegistryUnavailable(TripoError):
    """MLflow does not answer."""

    exit_code = 5


class StoreUnavailable(TripoError):
    """The relational store does not answer."""

    exit_code = 5


class LookupUnavailable(TripoError):
    """Whoever knows orders, payments and users does not answer."""

    exit_code = 5


class ProcessFailed(TripoError):
    """A supervised process ended or did not become healthy in time."""

    exit_code = 6


class InsecureSettings(TripoError):
    """Production was started with a default or missing secret."""

    exit_code = 7


class NotAuthenticated(TripoError):
    """A call without a token, or with one that is forged, expired or meant for something else."""


class NotAllowed(TripoError):
    """The caller's role may not do this."""


class NotThere(TripoError):
    """An object that does not exist, or that this caller may not know of."""


class Conflict(TripoError):
    """Somebody else changed the object first, or its state does not allow the change."""


class TooManyCalls(TripoError):
    """A rate limit was passed; ``retry_after_s`` says when the next call will be let through."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
