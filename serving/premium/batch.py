"""Premium matching behind the endpoints."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from core.params.decisions import MatchingParams
from engines.premium.dispatch import match_batch
from serving.schemas import MatchIn, MatchOut, QualifyIn, QualifyOut
from store.db import read
from store.tables import DriverQualification


def qualify(engine: Engine, drivers: Sequence[QualifyIn]) -> list[QualifyOut]:
    """The newest evaluation of each driver, in the order asked; unknown drivers say so."""
    table = DriverQualification.__table__
    ids = [driver.driver_id for driver in drivers]
    newest = sa.select(sa.func.max(table.c.evaluated_on)).scalar_subquery()
    chosen = sa.select(table).where(table.c.evaluated_on == newest, table.c.driver_id.in_(ids))

    def work(connection: Connection) -> dict[str, QualifyOut]:
        return {
            row.driver_id: QualifyOut(
                driver_id=row.driver_id,
                known=True,
                qualified=row.qualified,
                tier=str(row.tier),
                probability=row.probability,
                reasons=row.reasons,
                evaluated_on=row.evaluated_on,
            )
            for row in connection.execute(chosen)
        }

    found = read(engine, work)
    return [found.get(driver_id) or _unknown(driver_id) for driver_id in ids]


def _unknown(driver_id: str) -> QualifyOut:
    return QualifyOut(
        driver_id=driver_id,
        known=False,
        qualified=False,
        tier="NONE",
        probability=None,
        reasons=[{"gate": "known driver", "passed": False}],
        evaluated_on=None,
    )


def match(batch: MatchIn, params: MatchingParams) -> MatchOut:
    """The exact best assignment of one batch, with the reason for each request."""
    found = match_batch(
        [request.model_dump(mode="json") for request in batch.requests],
        [driver.model_dump(mode="json") for driver in batch.drivers],
        params,
    )
    return MatchOut(
        assignment=found.assignment,
        total=float(found.total),
        explanations=found.explanations,
        passed_over=found.passed_over,
    )
