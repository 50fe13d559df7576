"""Runs a command, interrupts it once some steps are done, and exits as it does.

    interrupt.py METRICS_FILE COMMAND...
"""

import os
import signal
import subprocess
import sys
import time

metrics, command = sys.argv[1], sys.argv[2:]
process = subprocess.Popen(command)
deadline = time.time() + 60
while process.poll() is None and time.time() < deadline:
    if os.path.exists(metrics) and os.path.getsize(metrics) > 0:
        process.send_signal(signal.SIGINT)
        break
    time.sleep(0.002)
try:
    status = process.wait(60)
except subprocess.TimeoutExpired:
    process.kill()
    sys.exit("the command did not stop")
print("exit status", status)
