"""Driver-months of a ride-hailing company in India (public course data; benchmark only)."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import UNDATED, Batch, Importer, Options, query, schema, source

KIND = "ola_driver_months"
ABOUT = """Driver-months: rating, income, business value, joining and leaving; one file.
maps:     all columns under plain names; month is month-day-year in the file, joining and leaving
          are day-month-year; income and business value are whole rupees; age and gender are kept
          for fairness reports and are never features
derives:  nothing
NULL:     age, gender where the file has none; last_working_date while the driver works
key:      the month; rows without a readable one go to quarantine"""

SCHEMA = schema(
    KIND,
    "driver_id:s month:d age:f? gender:f? city:s education_level:i income:i joined_on:d "
    "last_working_date:d? joining_designation:i grade:i business_value:i quarterly_rating:i",
    key="driver_id month",
)
NEEDED = {
    "MMM-YY": "s",
    "Driver_ID": "f",
    "Age": "f",
    "Gender": "f",
    "City": "s",
    "Education_Level": "f",
    "Income": "f",
    "Dateofjoining": "s",
    "LastWorkingDate": "s",
    "Joining Designation": "f",
    "Grade": "f",
    "Total Business Value": "f",
    "Quarterly Rating": "f",
}
MONTH = """try_strptime("MMM-YY", '%m-%d-%Y')::DATE"""
PARTITION = f"coalesce(strftime({MONTH}, '%Y-%m'), '{UNDATED}')"
SQL = f"""
SELECT CAST(Driver_ID AS VARCHAR) AS driver_id, {MONTH} AS month,
  Age AS age, Gender AS gender, City AS city, Education_Level AS education_level,
  Income AS income, try_strptime(Dateofjoining, '%d-%m-%Y')::DATE AS joined_on,
  try_strptime(LastWorkingDate, '%d-%m-%Y')::DATE AS last_working_date,
  "Joining Designation" AS joining_designation, Grade AS grade,
  "Total Business Value" AS business_value, "Quarterly Rating" AS quarterly_rating
FROM months WHERE {PARTITION} = $key ORDER BY n
"""  # noqa: S608 -- constants of this module only


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition for each month."""
    tables = {"months": source(path, NEEDED)}
    keys = query(f"SELECT DISTINCT {PARTITION} AS key FROM months ORDER BY 1", tables)  # noqa: S608
    for key in keys.column("key").to_pylist():
        yield Batch(KIND, SCHEMA, key, query(SQL, tables, key=key))


IMPORTER = Importer(KIND, ABOUT, "drivers/ola_driver_months.parquet", read)
