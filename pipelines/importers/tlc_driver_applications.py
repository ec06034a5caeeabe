"""Applications for a driver licence of New York's Taxi and Limousine Commission."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import UNDATED, Batch, Importer, Options, query, schema, source, utc

KIND = "tlc_driver_applications"
ABOUT = """Applications for a TLC driver licence; one file of several snapshots.
maps:     all columns under plain names: application_no, type, applied_on, status, the seven
          requirements as the file words them, last_updated (New York time to UTC), snapshot
derives:  nothing
NULL:     nothing is left out
key:      the day of the snapshot; an application that is twice in one goes to quarantine"""

SCHEMA = schema(
    KIND,
    "application_no:s type:s applied_on:d status:s interview:s drug_test:s wav_course:s "
    "defensive_driving:s driver_exam:s medical_clearance:s other_requirements:s last_updated:t? "
    "snapshot:d",
    key="application_no snapshot",
)
NAMES = {
    "App No": "application_no",
    "Type": "type",
    "App Date": "applied_on",
    "Status": "status",
    "FRU Interview Scheduled": "interview",
    "Drug Test": "drug_test",
    "WAV Course": "wav_course",
    "Defensive Driving": "defensive_driving",
    "Driver Exam": "driver_exam",
    "Medical Clearance Form": "medical_clearance",
    "Other Requirements": "other_requirements",
}
UPDATED = utc("""try_strptime("Last Updated", '%m/%d/%Y %I:%M:%S %p')""", "America/New_York")
COLUMNS = ", ".join(f'"{theirs}" AS {ours}' for theirs, ours in NAMES.items())
PARTITION = f"coalesce(CAST(TRY_CAST(snapshot AS DATE) AS VARCHAR), '{UNDATED}')"
NEEDED = {**dict.fromkeys([*NAMES, "Last Updated", "snapshot"], "s"), "App Date": "t"}
SQL = (
    f"SELECT {COLUMNS}, {UPDATED} AS last_updated, snapshot FROM applications "  # noqa: S608
    f"WHERE {PARTITION} = $key ORDER BY n"
)


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition for each snapshot."""
    tables = {"applications": source(path, NEEDED)}
    keys = query(f"SELECT DISTINCT {PARTITION} AS key FROM applications ORDER BY 1", tables)  # noqa: S608
    for key in keys.column("key").to_pylist():
        yield Batch(KIND, SCHEMA, key, query(SQL, tables, key=key))


IMPORTER = Importer(KIND, ABOUT, "drivers/tlc_driver_applications.parquet", read)
