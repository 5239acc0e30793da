"""The daemon: one short tick a minute decides by itself what is due; files, signals and clock are watched meanwhile."""

from detector.daemon.files import Print, fingerprint
from detector.daemon.reporter import Overrun, Reporter
from detector.daemon.running import Daemon, run_daemon
from detector.daemon.standing import Standing

__all__ = ["Daemon", "Overrun", "Print", "Reporter", "Standing", "fingerprint", "run_daemon"]
