#!/usr/bin/env python3
"""Makes flowers.csv: invented measurements of three invented species, each number drawn from a normal distribution."""
import csv
import random

# species: petal length, petal width, stem height in cm as (mean, deviation); shares of the colours white, blue, red
SPECIES = {
    "meadow": ((2.0, 0.3), (0.8, 0.15), (24, 5), (6, 3, 1)),
    "forest": ((3.6, 0.5), (1.2, 0.20), (31, 6), (3, 5, 2)),
    "marsh": ((4.4, 0.5), (1.7, 0.25), (42, 7), (1, 2, 7)),
}

random.seed(1)
rows = []
for species, (*measures, colours) in SPECIES.items():
    for _ in range(80):
        numbers = [round(max(0.1, random.gauss(mean, deviation)), 2) for mean, deviation in measures]
        rows.append(numbers + random.choices(["white", "blue", "red"], colours) + [species])
random.shuffle(rows)
with open("flowers.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["petal_length", "petal_width", "stem_height", "colour", "species"])
    writer.writerows(rows)
