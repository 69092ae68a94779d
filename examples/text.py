"""Texts: a test set that shares texts with the training set, and one text under two labels.

Short requests to a help desk, made from a few phrases. Run it: python examples/text.py
"""

import itertools

import pandas as pd

from audit import audit, deduplicate, gate, load, read_suite

PHRASES = {
    "delivery": (["where is", "when do I get", "still waiting for"], ["my parcel", "the package", "my order"]),
    "refund": (["please refund", "I want my money back for", "return"], ["these shoes", "the broken lamp", "a coat"]),
    "login": (["cannot open", "locked out of", "forgot the password of"], ["my account", "the app", "your website"]),
}
ENDINGS = ["", " please", " today", " since Monday", " thank you", " again"]


def requests() -> pd.DataFrame:
    lines = [
        {"text": f"{start} {thing}{ending}", "topic": topic}
        for topic, (starts, things) in PHRASES.items()
        for start, thing, ending in itertools.product(starts, things, ENDINGS)
    ]
    return pd.DataFrame(lines).sample(frac=1, random_state=0, ignore_index=True)


def main() -> None:
    everything = requests()
    train, test = everything.iloc[:120], everything.iloc[120:]
    shouted = train.iloc[:4].assign(text=lambda t: "  " + t["text"].str.upper())
    test = pd.concat([test, shouted], ignore_index=True)  # four training texts, in capitals
    torn = train.iloc[[9]].assign(topic=lambda t: "refund" if t["topic"].iloc[0] != "refund" else "login")
    train = pd.concat([train, torn], ignore_index=True)  # one text under a second label

    data = load(train, text="text", label="topic")
    there = load(test, text="text", label="topic")
    suite = read_suite("text")
    report = audit(data, reference=there, suite=suite)
    print("test texts that are in the training set:", report.measures["leakage.normalised.count"])
    print("texts with two labels:", report.measures["conflicts.count"])
    for breach in gate(report, suite).breaches:
        print(f"{breach.severity}: {breach.measure} is {breach.value:g}, at most {breach.limit:g}")
    print("rows that deduplicating drops:", len(deduplicate(data, report)))


if __name__ == "__main__":
    main()
