/**
 * `npm start` loads this into the service: when npm is killed and cannot pass on a signal any more, the service stops as if it
 * had got SIGTERM. A service that something else started (systemd) does not load it.
 */
const POLL_INTERVAL_MS = 500;

const npm = process.ppid;
const poll = setInterval(() => {
  if (process.ppid === npm) return;
  clearInterval(poll);
  process.kill(process.pid, "SIGTERM");
}, POLL_INTERVAL_MS).unref();
