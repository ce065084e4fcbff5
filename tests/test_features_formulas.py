"""docs/features.md: each formula of its tables is evaluated, and gives what was worked by hand."""

from math import isfinite
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_features import BWD, FIN, FWD, MS, PSH, START, SYN, TALK, packet, record, same

from netbeam.flows.connection import CONNECTION as DECLARED
from netbeam.flows.features import FLOW_FEATURES

DOCS = (Path(__file__).parents[1] / "docs" / "features.md").read_text("utf-8")
CONNECTION = SimpleNamespace(
    SrcMAC="00:1b:21:0a:0b:0c", DstMAC="00:1b:21:0a:0b:0d", VLANIDs=[7, 8], TunnelID=99
)


def rows(heading):
    """Give the formulas of the table under a heading, by name; None where there is none."""
    lines = DOCS.split(f"\n## {heading}\n")[1].split("\n## ")[0].splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")
    ]
    table = [row for row in cells if row[1].startswith("`") or row[1] == "none"]
    assert len({row[0] for row in table}) == len(table)
    return {row[0]: None if row[1] == "none" else row[1].strip("`") for row in table}


FOLLOWING, CIC, NFSTREAM = map(rows, ("What follows from the fields", "CICFlowMeter", "nfstream"))


def ratio(a, b):
    return a / b if b else 0


def sample_std(std, n):
    return std * (n / (n - 1)) ** 0.5 if n >= 2 else 0


def padded(values, n):
    return [*values, *[-1] * n][:n]


def names(packets, version=4):
    """Give all that formulas may name, of a connection."""
    found = record(packets)
    found.SrcIP, found.DstIP, found.SrcPort, found.DstPort = "10.0.0.1", "10.0.0.2", 40_000, 443
    found.IPProto, found.IPVersion, found.EndReason = packets[0][7], version, "active"
    found.TimestampFirst, found.TimestampLast = packets[0][1], packets[-1][1]
    known = {field.name: getattr(found, field.name) for field in FLOW_FEATURES.fields}
    known.update(ratio=ratio, sample_std=sample_std, padded=padded, Connection=CONNECTION, N=14)
    for name, formula in FOLLOWING.items():
        known[name] = eval(formula, known)
    return known


FOLLOWING_BY_HAND = {
    "Duration": 7610 * MS,
    "FwdDuration": 7600 * MS,
    "BwdDuration": 7600 * MS,
    "Packets": 12,
    "Bytes": 4180,
    "PayloadBytes": 3660,
    "HeaderBytes": 520,
    "WireBytes": 462 + 3910,
    "BytesPerSecond": 4180 / 7.61,
    "PacketsPerSecond": 12 / 7.61,
    "ByteRatio": 3800 / 380,
    "PacketRatio": 1.4,
    "ProducerConsumerRatio": -3340 / 3660,
    "IPHeader": 20,
}

CIC_BY_HAND = {
    "Flow ID": "10.0.0.1-10.0.0.2-40000-443-6",
    "Src IP": "10.0.0.1",
    "Src Port": 40_000,
    "Dst IP": "10.0.0.2",
    "Dst Port": 443,
    "Protocol": 6,
    "Timestamp": START,
    "Flow Duration": 7_610_000.0,
    "Total Fwd Packet": 5,
    "Total Bwd packets": 7,
    "Total Length of Fwd Packet": 160,
    "Total Length of Bwd Packet": 3500,
    "Fwd Packet Length Max": 100,
    "Fwd Packet Length Min": 0,
    "Fwd Packet Length Mean": 32.0,
    "Fwd Packet Length Std": 2120**0.5,  # squares sum up to 13600: (5 * 13600 - 160**2) / (5 * 4)
    "Bwd Packet Length Max": 1000,
    "Bwd Packet Length Min": 0,
    "Bwd Packet Length Mean": 500.0,
    "Bwd Packet Length Std": 500.0,  # (7 * 3250000 - 3500**2) / (7 * 6) = 250000
    "Flow Bytes/s": 3660 / 7.61,
    "Flow Packets/s": 12 / 7.61,
    "Flow IAT Mean": 7_610_000 / 11,
    "Flow IAT Std": (362_854_400 / 110) ** 0.5 * 1000,  # of 11 gaps
    "Flow IAT Max": 6_000_000.0,
    "Flow IAT Min": 10_000.0,
    "Fwd IAT Total": 7_600_000.0,
    "Fwd IAT Mean": 1_900_000.0,
    "Fwd IAT Std": (24_473_400 / 3) ** 0.5 * 1000,  # of 4 gaps
    "Fwd IAT Max": 6_050_000.0,
    "Fwd IAT Min": 10_000.0,
    "Bwd IAT Total": 7_600_000.0,
    "Bwd IAT Mean": 7_600_000 / 6,
    "Bwd IAT Std": (173_374_400 / 30) ** 0.5 * 1000,  # of 6 gaps
    "Bwd IAT Max": 6_020_000.0,
    "Bwd IAT Min": 10_000.0,
    "Fwd PSH Flags": 2,
    "Bwd PSH Flags": 1,
    "Fwd URG Flags": 1,
    "Bwd URG Flags": 2,
    "Fwd Header Length": 40 + 4 * 20,
    "Bwd Header Length": 40 + 6 * 20,
    "Fwd Packets/s": 5 / 7.61,
    "Bwd Packets/s": 7 / 7.61,
    "Packet Length Min": 0,
    "Packet Length Max": 1000,
    "Packet Length Mean": 305.0,
    "Packet Length Std": (25_767_600 / 132) ** 0.5,  # 12 * 3263600 - 3660**2 = 25767600
    "Packet Length Variance": 25_767_600 / 132,
    "FIN Flag Count": 2,
    "SYN Flag Count": 2,
    "RST Flag Count": 1,
    "PSH Flag Count": 3,
    "ACK Flag Count": 11,
    "URG Flag Count": 3,
    "CWR Flag Count": 1,
    "ECE Flag Count": 2,
    "Down/Up Ratio": 1.4,
    "Average Packet Size": 305.0,
    "Fwd Segment Size Avg": 32.0,
    "Bwd Segment Size Avg": 500.0,
    "Fwd Bytes/Bulk Avg": 0,
    "Fwd Packet/Bulk Avg": 0,
    "Fwd Bulk Rate Avg": 0,
    "Bwd Bytes/Bulk Avg": 3500.0,
    "Bwd Packet/Bulk Avg": 4.0,
    "Bwd Bulk Rate Avg": 3500 / 0.03,
    "Subflow Fwd Packets": 5 / 3,
    "Subflow Fwd Bytes": 160 / 3,
    "Subflow Bwd Packets": 7 / 3,
    "Subflow Bwd Bytes": 3500 / 3,
    "FWD Init Win Bytes": 64_240,
    "Bwd Init Win Bytes": 65_160,
    "Fwd Act Data Pkts": 2,
    "Fwd Seg Size Min": 20,
    "Active Mean": 805_000.0,  # of 80 and 1530 ms
    "Active Std": 725_000 * 2**0.5,
    "Active Max": 1_530_000.0,
    "Active Min": 80_000.0,
    "Idle Mean": 6_000_000.0,
    "Idle Std": 0,
    "Idle Max": 6_000_000.0,
    "Idle Min": 6_000_000.0,
    "Label": None,
}

FIRST_MS = START // MS

NFSTREAM_BY_HAND = {
    "id": None,
    "expiration_id": 1,
    "src_ip": "10.0.0.1",
    "src_mac": "00:1b:21:0a:0b:0c",
    "src_oui": "00:1b:21",
    "src_port": 40_000,
    "dst_ip": "10.0.0.2",
    "dst_mac": "00:1b:21:0a:0b:0d",
    "dst_oui": "00:1b:21",
    "dst_port": 443,
    "protocol": 6,
    "ip_version": 4,
    "vlan_id": 7,
    "tunnel_id": 99,
    "bidirectional_first_seen_ms": FIRST_MS,
    "bidirectional_last_seen_ms": FIRST_MS + 7610,
    "bidirectional_duration_ms": 7610,
    "bidirectional_packets": 12,
    "bidirectional_bytes": 4180,
    "src2dst_first_seen_ms": FIRST_MS,
    "src2dst_last_seen_ms": FIRST_MS + 7600,
    "src2dst_duration_ms": 7600,
    "src2dst_packets": 5,
    "src2dst_bytes": 380,
    "dst2src_first_seen_ms": FIRST_MS + 10,
    "dst2src_last_seen_ms": FIRST_MS + 7610,
    "dst2src_duration_ms": 7600,
    "dst2src_packets": 7,
    "dst2src_bytes": 3800,
    "bidirectional_min_ps": 40,
    "bidirectional_mean_ps": 4180 / 12,
    "bidirectional_stddev_ps": (25_482_800 / 132) ** 0.5,  # 12 * 3579600 - 4180**2 = 25482800
    "bidirectional_max_ps": 1040,
    "src2dst_min_ps": 40,
    "src2dst_mean_ps": 76.0,
    "src2dst_stddev_ps": 1880**0.5,  # (5 * 36400 - 380**2) / (5 * 4)
    "src2dst_max_ps": 140,
    "dst2src_min_ps": 40,
    "dst2src_mean_ps": 3800 / 7,
    "dst2src_stddev_ps": (10_362_400 / 42) ** 0.5,  # 7 * 3543200 - 3800**2 = 10362400
    "dst2src_max_ps": 1040,
    "bidirectional_min_piat_ms": 10.0,
    "bidirectional_mean_piat_ms": 7610 / 11,
    "bidirectional_stddev_piat_ms": (362_854_400 / 110) ** 0.5,
    "bidirectional_max_piat_ms": 6000.0,
    "src2dst_min_piat_ms": 10.0,
    "src2dst_mean_piat_ms": 1900.0,
    "src2dst_stddev_piat_ms": (24_473_400 / 3) ** 0.5,
    "src2dst_max_piat_ms": 6050.0,
    "dst2src_min_piat_ms": 10.0,
    "dst2src_mean_piat_ms": 7600 / 6,
    "dst2src_stddev_piat_ms": (173_374_400 / 30) ** 0.5,
    "dst2src_max_piat_ms": 6020.0,
    "bidirectional_syn_packets": 2,
    "bidirectional_cwr_packets": 1,
    "bidirectional_ece_packets": 2,
    "bidirectional_urg_packets": 3,
    "bidirectional_ack_packets": 11,
    "bidirectional_psh_packets": 3,
    "bidirectional_rst_packets": 1,
    "bidirectional_fin_packets": 2,
    "src2dst_syn_packets": 1,
    "src2dst_cwr_packets": 1,
    "src2dst_ece_packets": 1,
    "src2dst_urg_packets": 1,
    "src2dst_ack_packets": 4,
    "src2dst_psh_packets": 2,
    "src2dst_rst_packets": 0,
    "src2dst_fin_packets": 1,
    "dst2src_syn_packets": 1,
    "dst2src_cwr_packets": 0,
    "dst2src_ece_packets": 1,
    "dst2src_urg_packets": 2,
    "dst2src_ack_packets": 7,
    "dst2src_psh_packets": 1,
    "dst2src_rst_packets": 1,
    "dst2src_fin_packets": 1,
    "splt_direction": [0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, -1, -1],
    "splt_ps": [60, 60, 40, 140, 1040, 1040, 1040, 540, 100, 40, 40, 40, -1, -1],
    "splt_piat_ms": [0, 10, 10, 10, 20, 10, 10, 10, 6000, 20, 1500, 10, -1, -1],
    **dict.fromkeys(
        (
            "application_name",
            "application_category_name",
            "application_is_guessed",
            "application_confidence",
            "requested_server_name",
            "client_fingerprint",
            "server_fingerprint",
            "user_agent",
            "content_type",
            "udps",
            "system_process_pid",
            "system_process_name",
            "system_browser_tab",
        )
    ),
}

TABLES = {
    "what follows": (FOLLOWING, FOLLOWING_BY_HAND),
    "CICFlowMeter": (CIC, CIC_BY_HAND),
    "nfstream": (NFSTREAM, NFSTREAM_BY_HAND),
}
CASES = [(table, name) for table, (_, by_hand) in TABLES.items() for name in by_hand]


@pytest.mark.parametrize("table", TABLES)
def test_each_column_has_a_formula_or_is_said_to_have_none(table):
    formulas, by_hand = TABLES[table]
    assert list(formulas) == list(by_hand)
    assert [name for name in formulas if formulas[name] is None] == [
        name for name in by_hand if by_hand[name] is None
    ]


def test_what_formulas_take_from_the_connection_is_there():
    assert set(vars(CONNECTION)) <= {field.name for field in DECLARED.fields}


def test_all_84_columns_of_cicflowmeter_are_there():
    assert len(CIC) == 84


@pytest.mark.parametrize(("table", "name"), CASES)
def test_a_formula_gives_what_was_worked_by_hand(table, name):
    formulas, by_hand = TABLES[table]
    if formulas[name] is not None:
        assert same(eval(formulas[name], names(TALK)), by_hand[name])


AWKWARD = {
    "one datagram": [packet(FWD, 0, 20, 0, header=28, protocol=17)],
    "one way": [packet(FWD, i, 0, SYN) for i in range(3)],
    "the other way": [packet(BWD, i, 0, SYN) for i in range(3)],
    "no duration": [packet(i % 2, 0, 9, PSH) for i in range(9)],
    "bulk of no duration": [packet(BWD, 0, 9, PSH) for i in range(9)],
    "no payload": [packet(i % 2, i, 0, FIN) for i in range(9)],
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_formulas_give_numbers_where_there_is_nothing_to_divide_by(kind):
    known = names(AWKWARD[kind])
    for formulas, _ in TABLES.values():
        for name, formula in formulas.items():
            value = eval(formula, known) if formula else 0
            assert not isinstance(value, float) or isfinite(value), name


def test_header_lengths_of_ipv6_are_those_of_the_transport_layer_too():
    known = names([packet(FWD, 0, 20, 0, header=48, protocol=17)], version=6)
    assert eval(CIC["Fwd Header Length"], known) == eval(CIC["Fwd Seg Size Min"], known) == 8
