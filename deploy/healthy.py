"""Exit 0 if an address answers 200; with the name of a part, if Airflow calls that part healthy.

python -m deploy.healthy http://127.0.0.1:3000/livez
python -m deploy.healthy http://airflow-api:8080/api/v2/monitor/health scheduler
"""

import json
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

ANSWER_S = 8.0  # below the time-out of the health checks, so that the reason is in their log


def problem(url: str, part: str | None = None) -> str:
    """What is wrong, empty if nothing is. No proxy is asked: the address is one of ours."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_S)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        return f"expected {url} to answer, got: {error}"
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        return f"expected 200 of {url}, got {answer.status}"
    if part is None:
        return ""
    status = (json.loads(body).get(part) or {}).get("status")
    return "" if status == "healthy" else f"expected {part} to be healthy, got {status}"


if __name__ == "__main__":
    sys.exit(problem(*sys.argv[1:]) or 0)
