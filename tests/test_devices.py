"""DeviceProfile records: what frames tell of each MAC address."""

from flow_rows import A_MAC, B_MAC, made, row

from netbeam.flows.summaries import LISTED


def devices(rows):
    return {record.MacAddr: record for record in made(rows, type_="DeviceProfile")}


def test_every_frame_counts_for_its_source_and_its_target():
    found = devices([row(packets=2, last=8), row(None, macs=(B_MAC, A_MAC), first=3), row(macs=(0, 0))])
    a, b = found["00:1b:21:0a:0b:0c"], found["00:1b:21:0a:0b:0d"]
    assert len(found) == 2
    for record in (a, b):
        assert (record.NumPackets, record.Bytes, record.Timestamp, record.TimestampLast) == (3, 300, 3, 8)
    assert (a.PacketsSent, a.PacketsReceived, a.BytesSent, a.BytesReceived) == (2, 1, 200, 100)
    assert (b.PacketsSent, b.PacketsReceived, b.BytesSent, b.BytesReceived) == (1, 2, 100, 200)


def test_a_frame_from_a_device_to_itself_counts_once_and_each_way():
    (record,) = made([row(None, macs=(A_MAC, A_MAC))], type_="DeviceProfile")
    assert (record.NumPackets, record.PacketsSent, record.PacketsReceived) == (1, 1, 1)


def test_addresses_of_a_device_are_those_it_sent_from_and_contacts_those_it_sent_to():
    rows = [row(), row("10.0.0.1", "8.8.4.4", packets=2), row("10.0.0.7", "8.8.8.8", packets=9), row(None)]
    rows += [row("8.8.8.8", "10.0.0.1", macs=(B_MAC, A_MAC))]
    found = devices(rows)
    a, b = found["00:1b:21:0a:0b:0c"], found["00:1b:21:0a:0b:0d"]
    assert (list(a.DeviceIPs), a.NumDeviceIPs) == (["10.0.0.7", "10.0.0.1"], 2)
    assert (list(a.Contacts), a.NumContacts) == (["8.8.8.8", "8.8.4.4"], 2)
    assert (list(b.DeviceIPs), list(b.Contacts)) == (["8.8.8.8"], ["10.0.0.1"])


def test_a_router_has_the_busiest_addresses_and_a_whole_count():
    rows = [row(f"1.0.{i >> 8}.{i & 255}", packets=1 + (i == 1500)) for i in range(2000)]
    record = devices(rows)["00:1b:21:0a:0b:0c"]
    expected = ["1.0.5.220", *(f"1.0.{i >> 8}.{i & 255}" for i in range(LISTED - 1))]
    assert (list(record.DeviceIPs), record.NumDeviceIPs) == (expected, 2000)


def test_vlans_are_all_tags_of_all_frames_either_way():
    found = devices(
        [row(vlans=(100, 7)), row(None, vlans=(0,)), row("1.1.1.1", macs=(B_MAC, 0), vlans=(4095,))]
    )
    assert list(found["00:1b:21:0a:0b:0c"].VLANs) == [0, 7, 100]
    assert list(found["00:1b:21:0a:0b:0d"].VLANs) == [0, 7, 100, 4095]
    assert found["00:1b:21:0a:0b:0d"].NumVLANs == 4


def test_a_mac_address_tells_groups_and_those_given_locally():
    found = devices([row(macs=(0x02000000000A, 0xFFFFFFFFFFFF)), row(macs=(A_MAC, 0x01005E0000FB))])
    assert {mac: (record.IsGroup, record.IsLocal) for mac, record in found.items()} == {
        "02:00:00:00:00:0a": (False, True),
        "ff:ff:ff:ff:ff:ff": (True, True),
        "00:1b:21:0a:0b:0c": (False, False),
        "01:00:5e:00:00:fb": (True, False),
    }
