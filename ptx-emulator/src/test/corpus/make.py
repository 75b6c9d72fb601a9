"""Writes the corpus: python3 make.py [folder]. Without a folder, into the tests' resources."""
import os
import sys

sys.dont_write_bytecode = True

MODULES = ["integers", "comparisons", "floats", "halves", "approximations", "conversions", "moves", "memory", "atomics",
           "control", "warps", "barriers", "copies", "matrices", "refusals"]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../resources/dev/tandem/ptx/corpus")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    names, forms, values = [], 0, 0
    for module in MODULES:
        made = __import__(module)
        for file_name, content in getattr(made, "FILES", {}).items():
            with open(os.path.join(folder, file_name), "w") as file:
                file.write(content())
        for make in made.FAMILIES:
            family = make()
            own_forms, own_values = family.write(folder)
            names.append(family.name)
            forms += own_forms
            values += own_values
            print("%-16s %5d forms %7d values" % (family.name, own_forms, own_values))
    with open(os.path.join(folder, "families.txt"), "w") as file:
        file.write("".join(name + "\n" for name in names))
    print("%-16s %5d forms %7d values" % ("in all", forms, values))


if __name__ == "__main__":
    main()
