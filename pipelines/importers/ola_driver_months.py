"""Driver-months of a ride-hailing company in India (public course data; benchmark only)."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import Batch, Importer, Options, query, schema, source

KIND = "ola_driver_months"
ABOUT = """Driver-months: rating, income, business value, joining and leaving; one file.
maps:     all columns under plain names; month is month-day-year in the file, joining and leaving
          are day-month-year; income and business value are whole rupees; age and gender are kept
          for fairness reports and are never features
derives:  nothing
NULL:     age, gender where the file has none; last_working_date while the driver works
key:      the month"""

SCHEMA = schema(
    KIND,
    "driver_id:s month:d age:f? gender:f? city:s education_level:i income:i joined_on:d "
    "last_working_date:d? joining_designation:i grade:i business_value:i quarterly_rating:i",
    key="driver_id month",
)
NEEDED = [
    "MMM-YY",
    "Driver_ID",
    "Age",
    "Gender",
    "City",
    "Education_Level",
    "Income",
    "Dateofjoining",
    "LastWorkingDate",
    "Joining Designation",
    "Grade",
    "Total Business Value",
    "Quarterly Rating",
]
SQL = """
SELECT CAST(Driver_ID AS VARCHAR) AS driver_id, try_strptime("MMM-YY", '%m-%d-%Y')::DATE AS month,
  Age AS age, Gender AS gender, City AS city, Education_Level AS education_level,
  Income AS income, try_strptime(Dateofjoining, '%d-%m-%Y')::DATE AS joined_on,
  try_strptime(LastWorkingDate, '%d-%m-%Y')::DATE AS last_working_date,
  "Joining Designation" AS joining_designation, Grade AS grade,
  "Total Business Value" AS business_value, "Quarterly Rating" AS quarterly_rating
FROM months WHERE "MMM-YY" = $month ORDER BY n
"""


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition for each month."""
    tables = {"months": source(path, NEEDED)}
    months = query('SELECT DISTINCT "MMM-YY" AS month FROM months ORDER BY 1', tables)
    for month in months.column("month").to_pylist():
        number, _, year = month.split("-")
        yield Batch(KIND, SCHEMA, f"{year}-{number}", query(SQL, tables, month=month))


IMPORTER = Importer(KIND, ABOUT, "drivers/ola_driver_months.parquet", read)
