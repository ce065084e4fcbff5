"""The protocols that netbeam decodes: every layer, in the order of the documentation."""

from netbeam.protocols.arp import ARP
from netbeam.protocols.cooked import LINUX_SLL, LINUX_SLL2
from netbeam.protocols.dhcp import DHCPV4
from netbeam.protocols.dns import DNS, OVER_TCP
from netbeam.protocols.dot1q import DOT1Q
from netbeam.protocols.eapol import EAPOL
from netbeam.protocols.ethernet import ETHERNET
from netbeam.protocols.gre import GRE
from netbeam.protocols.icmp import ICMPV4
from netbeam.protocols.icmp6 import (
    ECHO,
    ICMPV6,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
)
from netbeam.protocols.igmp import IGMP
from netbeam.protocols.ipv4 import IPV4
from netbeam.protocols.ipv6 import DESTINATION, FRAGMENT, HOP_BY_HOP, IPV6, NO_NEXT_HEADER, ROUTING
from netbeam.protocols.llc import LLC
from netbeam.protocols.lldp import LLDP
from netbeam.protocols.loopback import LOOPBACK
from netbeam.protocols.ntp import NTP
from netbeam.protocols.rawip import RAW_IP
from netbeam.protocols.sctp import SCTP
from netbeam.protocols.snap import SNAP
from netbeam.protocols.tcp import TCP
from netbeam.protocols.udp import UDP
from netbeam.protocols.vrrp import VRRP, VRRPV2

LAYERS = (
    # link
    ETHERNET,
    DOT1Q,
    LINUX_SLL,
    LINUX_SLL2,
    LOOPBACK,
    RAW_IP,
    LLC,
    SNAP,
    ARP,
    LLDP,
    EAPOL,
    # network
    IPV4,
    IPV6,
    HOP_BY_HOP,
    FRAGMENT,
    ROUTING,
    DESTINATION,
    NO_NEXT_HEADER,
    ICMPV4,
    ICMPV6,
    ECHO,
    NEIGHBOR_SOLICITATION,
    NEIGHBOR_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    IGMP,
    GRE,
    VRRP,
    VRRPV2,
    # transport
    TCP,
    UDP,
    SCTP,
    # application
    DNS,
    OVER_TCP,
    DHCPV4,
    NTP,
)
