"""Golden records: what is expected of the packets in tests/golden/LAYER.hex, in LAYER.json beside it.

`python tests/golden_records.py [LAYER...]` writes the expectations anew from what netbeam now decodes, and
says which changed. Whoever does so answers for them: read the difference, and compare new values with those
of another decoder.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from decoding import ALL, batch, check
from packets import GOLDEN, Sample, read_samples

from netbeam.decode import Decoder
from netbeam.packet import packets


def plain(message: Any, *, whole: bool = False) -> dict[str, Any]:
    """Give a record's fields by name: all of them if `whole`, else those that are set."""
    fields = message.DESCRIPTOR.fields if whole else [field for field, _ in message.ListFields()]
    return {field.name: value(field, getattr(message, field.name), message) for field in fields}


def value(field: Any, found: Any, message: Any) -> Any:
    """Give one field's value for JSON."""
    if field.message_type and not field.is_repeated:
        return plain(found) if message.HasField(field.name) else None
    if field.is_repeated:
        return [plain(item) if field.message_type else scalar(field, item) for item in found]
    return scalar(field, found)


def scalar(field: Any, found: Any) -> Any:
    """Give bytes in hexadecimal, text that is not UTF-8 with escapes, all else as it is."""
    if field.type == field.TYPE_BYTES:
        return found.hex()
    return found.decode("utf-8", "backslashreplace") if isinstance(found, bytes) else found


def describe(sample: Sample, decoder: Decoder) -> dict[str, Any]:
    """Decode one packet: what became of it, the layers found in it, and the records of its layer."""
    one = batch([sample.packet])
    decoded = decoder.decode(one)
    found = check([sample.packet], decoded)
    verdict = "decoded"
    for reject in decoded.rejects:
        verdict = f"{reject.kind}: {reject.detail}, at byte {reject.offset}"
    (packet,) = packets(one)
    return {
        "packet": sample.title,
        "verdict": verdict,
        "layers": [span.name for span in packet.layers],
        "records": [plain(record, whole=True) for record in found.get(sample.layer, ())],
    }


def expected(layer: str) -> list[dict[str, Any]]:
    """Read what is expected of the packets of one layer."""
    return json.loads((GOLDEN / f"{layer}.json").read_text("utf-8"))


def main(layers: list[str]) -> None:
    """Write the expectations of `layers`, or of all, anew."""
    decoder = Decoder(ALL, bytes)
    for layer in layers or sorted(path.stem for path in GOLDEN.glob("*.hex")):
        path = GOLDEN / f"{layer}.json"
        text = json.dumps([describe(sample, decoder) for sample in read_samples(layer)], indent=2) + "\n"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"{path.name} changed")


if __name__ == "__main__":
    main(sys.argv[1:])
