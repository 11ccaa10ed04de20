import { type DashboardSource, lines, machineOf, states } from "./panels.ts";
import { type Reading, Series } from "./promql.ts";

const NODE = new Series('job="node", group=~"$group", machine=~"$machine"');
const CABLE = NODE.with('device!="lo"');

/** What is not free of something, a line for each machine or file system. */
const inUse = (legend: string, free: string, all: string, total = NODE.selector(all)): Reading => ({
  [legend]: `1 - ${NODE.selector(free)} / ${total}`,
});

export const NODES: DashboardSource = {
  description: "CPU, memory, disks, network and services of every machine, by group of the inventory.",
  variables: [
    { name: "group", title: "Group", label: "group", of: 'up{job="node"}' },
    machineOf('up{job="node", group=~"$group"}'),
  ],
  sections: {
    "CPU and memory": [
      states("Machines up", "Whether the machine's node_exporter answers Prometheus.", {
        switch: NODE.values("up"),
        width: 24,
      }),
      lines("CPU in use", "Of all cores together. An alert fires when it stays above the line.", {
        share: {
          "{{machine}}": `1 - sum by (machine) (${NODE.with('mode="idle"').rate("node_cpu_seconds_total")}) / sum by (machine) (${NODE.rate("node_cpu_seconds_total")})`,
        },
        limits: { warning: 0.8 },
        max: 1,
      }),
      lines(
        "CPU time by mode",
        "Cores in use, of the chosen machines together. user: work; iowait: waits for disks; steal: taken by the host.",
        { count: NODE.with('mode!="idle"').rates("node_cpu_seconds_total", "sum by (mode)"), isStacked: true },
      ),
      lines(
        "Memory in use",
        "What a new program could not get. A replica of the API uses most of its little memory on purpose.",
        {
          share: inUse("{{machine}}", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
          limits: { warning: 0.75, critical: 0.95 },
          max: 1,
        },
      ),
      lines("Load, average of 1 minute", "Programs that run or wait for a disk. In the lab: of the whole computer.", {
        count: NODE.values("node_load1"),
      }),
      lines(
        "Pressure: time waited for CPU, disk, memory",
        "Share of the time in which some program had to wait. In the lab: of the whole computer.",
        {
          share: NODE.rates({
            CPU: "node_pressure_cpu_waiting_seconds_total",
            disk: "node_pressure_io_waiting_seconds_total",
            memory: "node_pressure_memory_waiting_seconds_total",
          }),
        },
      ),
      lines(
        "Processes killed because memory ran out (OOM kill)",
        "In 5 minutes. None is normal. The machines of a lab share one kernel and its counter.",
        { count: NODE.increases("5m", "node_vmstat_oom_kill"), limits: { warning: 1 } },
      ),
    ],
    Disks: [
      lines("Filesystem space in use", "An alert fires when it stays above the line.", {
        share: inUse("{{machine}} {{mountpoint}}", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
        limits: { warning: 0.9 },
        max: 1,
      }),
      lines("File nodes (inodes) in use", "Without a free one no file can be created, however much space is free.", {
        share: inUse(
          "{{machine}} {{mountpoint}}",
          "node_filesystem_files_free",
          "node_filesystem_files",
          `(${NODE.selector("node_filesystem_files")} > 0)`,
        ),
        limits: { warning: 0.9 },
        max: 1,
      }),
      lines(
        "Disk: bytes read and written",
        "Of all disks of a machine. In the lab: of the whole computer; replicas of the API don't report them.",
        {
          "bytes/s": NODE.rates(
            { read: "node_disk_read_bytes_total", written: "node_disk_written_bytes_total" },
            "sum by (machine)",
          ),
        },
      ),
      lines("Disk busy with I/O", "Share of the time in which the busiest disk of a machine had something to do.", {
        share: NODE.rates("node_disk_io_time_seconds_total", "max by (machine)"),
      }),
    ],
    Network: [
      lines("Network: bytes received and transmitted", "By all network interfaces of a machine but loopback.", {
        "bytes/s": CABLE.rates(
          { received: "node_network_receive_bytes_total", transmitted: "node_network_transmit_bytes_total" },
          "sum by (machine)",
        ),
      }),
      lines("Network: errors and drops", "Packets that were damaged or dropped. None is normal.", {
        "1/s": CABLE.rates(
          {
            "errors, received": "node_network_receive_errs_total",
            "errors, transmitted": "node_network_transmit_errs_total",
            "dropped, received": "node_network_receive_drop_total",
            "dropped, transmitted": "node_network_transmit_drop_total",
          },
          "sum by (machine)",
        ),
      }),
      lines("TCP segments retransmitted", "Share of the sent segments. More than a few: packets get lost on the way.", {
        share: {
          "{{machine}}": `${NODE.rate("node_netstat_Tcp_RetransSegs")} / ${NODE.rate("node_netstat_Tcp_OutSegs")}`,
        },
      }),
      lines("TCP connections", "Those that are established.", { count: NODE.values("node_netstat_Tcp_CurrEstab") }),
    ],
    "Processes, services, clock": [
      lines("Processes and threads", "How many there are on a machine.", {
        count: NODE.values({ processes: "node_processes_pids", threads: "node_processes_threads" }),
      }),
      lines("Failed units of systemd", "Units that systemd no longer restarts, of any program. None is normal.", {
        count: NODE.with('state="failed"').values("node_systemd_units"),
        limits: { warning: 1 },
      }),
      lines(
        "Service restarts",
        "In an hour: services that ended and that systemd started again. Replicas of the API don't report them.",
        { count: NODE.increases("1h", "node_systemd_service_restart_total", "sum by (machine)") },
      ),
      lines("System time, distance from Prometheus' own", "A slow scrape adds to it. An alert fires above the line.", {
        seconds: {
          "{{machine}}": `abs(${NODE.selector("node_time_seconds")} - timestamp(${NODE.selector("node_time_seconds")}))`,
        },
        limits: { warning: 2 },
      }),
    ],
  },
};
