"""Which corrected messages may be learned from: no one person, and no quarrel, moves the models."""

import pandas as pd


def trustworthy(
    rows: pd.DataFrame, known: pd.Series, per_writer: int, share_of_label: float
) -> pd.DataFrame:
    """text, label of the rows that pass; in their order.

    ``rows``: text, label, writer. Left out are texts that people label differently, rows of a
    writer beyond the first ``per_writer``, and rows of a label beyond ``share_of_label`` of the
    ``known`` training rows of it (a series of labels): what comes from outside stays a minority.
    """
    rows = rows.assign(said=rows["text"].str.casefold())
    agreed = rows.groupby("said")["label"].transform("nunique") == 1
    rows = rows[agreed].drop_duplicates("said")
    rows = rows[rows.groupby("writer").cumcount() < per_writer]
    most = (known.value_counts() * share_of_label).astype(int)
    allowed = rows["label"].map(most.to_dict()).fillna(0).astype("int64")
    kept = rows.groupby("label").cumcount() < allowed
    return rows.loc[kept, ["text", "label"]].reset_index(drop=True)
