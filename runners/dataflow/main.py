"""What the Flex Template's launcher starts: `netbeam run --runner dataflow` with the parameters."""

import sys

from pipeline.cli import main
from runners.dataflow.template import arguments

if __name__ == "__main__":
    sys.exit(main(arguments(sys.argv[1:])))
