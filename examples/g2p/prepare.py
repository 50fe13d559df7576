#!/usr/bin/env python3
"""Splits the CMU pronouncing dictionary into training, validation and test.

    prepare.py INDEX.JS FOLDER

INDEX.JS is the module of the package cmu-pronouncing-dictionary, an object of
"word" or "word(2)" to phones. Words of letters and apostrophes are kept, without
stress marks. A word is for testing if the CRC-32 of its UTF-8 bytes is 0 modulo
20, for validation if it is 1, else for training, with all its pronunciations.

    train.tsv, valid.tsv    word TAB phones, a line for each pronunciation: in
                            validation any of them is right
    test.txt                words
    test.references.tsv     word TAB phones, a line for each pronunciation
"""
import os
import re
import sys
import zlib


def read(path):
    """Pronunciations by word, in the order of the dictionary, none twice."""
    entry = re.compile(r'^\s*"((?:[^"\\]|\\.)*)": "((?:[^"\\]|\\.)*)",?$')
    words = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = entry.match(line)
            if not match:
                continue
            word = re.sub(r"\(\d+\)$", "", match.group(1)).lower()
            if not re.fullmatch(r"[a-z']+", word):
                continue
            phones = re.sub(r"\d", "", match.group(2)).split(" #")[0].strip()
            variants = words.setdefault(word, [])
            if phones not in variants:
                variants.append(phones)
    return words


def write(path, lines):
    with open(path + ".part", "w", encoding="utf-8") as out:
        for line in lines:
            out.write(line + "\n")
    os.replace(path + ".part", path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    words = read(sys.argv[1])
    parts = {"train": [], "valid": [], "test": []}
    for word in words:
        part = {0: "test", 1: "valid"}.get(zlib.crc32(word.encode()) % 20)
        parts[part or "train"].append(word)
    pairs = {part: [f"{word}\t{phones}" for word in list_
                    for phones in words[word]]
             for part, list_ in parts.items()}
    folder = sys.argv[2]
    write(os.path.join(folder, "train.tsv"), pairs["train"])
    write(os.path.join(folder, "valid.tsv"), pairs["valid"])
    write(os.path.join(folder, "test.txt"), parts["test"])
    write(os.path.join(folder, "test.references.tsv"), pairs["test"])
    phones = {p for line in pairs["train"] for p in line.split("\t")[1].split()}
    for part, list_ in parts.items():
        print(f"g2p: {part}: {len(list_)} words, {len(pairs[part])} "
              "pronunciations")
    print(f"g2p: {len(phones)} phones")


main()
