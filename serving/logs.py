"""What the serving log must not hold: the words of a caller whose request was refused."""

import logging

from pydantic import ValidationError

BENTOML = "bentoml._internal.server.http_app"
"""Where BentoML logs the exception of a request, traceback and all."""


class WithoutInput(logging.Filter):
    """Names the fields of a refused request instead of printing what was in them.

    A traceback of pydantic quotes the value that did not fit; here that is a person's message.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, ValidationError):
            said = error.errors(include_input=False, include_context=False, include_url=False)
            fields = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in said[:5])
            record.msg = f"{record.getMessage()}: refused ({fields})"
            record.args, record.exc_info, record.levelno = None, None, logging.WARNING
            record.levelname = logging.getLevelName(logging.WARNING)
        return True


def keep_input_out() -> None:
    """Put the filter on BentoML's logger; once, however often it is called."""
    logger = logging.getLogger(BENTOML)
    if not any(isinstance(known, WithoutInput) for known in logger.filters):
        logger.addFilter(WithoutInput())
