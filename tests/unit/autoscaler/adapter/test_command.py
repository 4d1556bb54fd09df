import subprocess
import sys


def test_without_its_packages_it_says_how_to_get_them():
    code = """
import sys
sys.modules["grpc"] = None
sys.argv = ["detectscale", "autoscaler"]
from detectscale.cli import main
main()
"""

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ended.returncode == 2
    assert ended.stderr == "detectscale: grpc is not installed: pip install 'detectscale[keda]'\n"
