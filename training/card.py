"""Writes the checksum of a model's weights into its card: python -m training.card MODEL.onnx"""
import argparse
import hashlib
import json
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    args = parser.parse_args()
    path = args.model.with_suffix(".json")
    card = json.loads(path.read_text())
    card["sha256"] = hashlib.sha256(args.model.read_bytes()).hexdigest()
    path.write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
