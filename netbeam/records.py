"""All record types of netbeam: those of layers, and those made of many packets."""

from netbeam.declare import record_layer
from netbeam.flows.connection import CONNECTION, FLOW
from netbeam.flows.device_fields import DEVICE_PROFILE
from netbeam.flows.features import FLOW_FEATURES
from netbeam.flows.host_fields import HOST
from netbeam.flows.service_fields import SERVICE
from netbeam.protocols import LAYERS

HOST_RECORDS = tuple(map(record_layer, (HOST, DEVICE_PROFILE, SERVICE)))
"""Record types of what takes part in flows, for which every frame is counted."""

FLOW_RECORDS = (*map(record_layer, (CONNECTION, FLOW, FLOW_FEATURES)), *HOST_RECORDS)
"""Record types made of many packets, by netbeam.flows."""

RECORDS = (*LAYERS, *FLOW_RECORDS)
"""What a schema is made of."""
