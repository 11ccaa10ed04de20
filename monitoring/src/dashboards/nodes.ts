import { atMost, type Dashboard, lines, states, UP_OR_DOWN } from "./panels.ts";
import { rate } from "./promql.ts";
import { GROUP, MACHINE_OF_GROUP } from "./variables.ts";

const NODE = 'job="node", group=~"$group", machine=~"$machine"';
const CABLE = `${NODE}, device!="lo"`;

export const NODES: Dashboard = {
  name: "nodes",
  title: "Machines",
  description: "CPU, memory, disks, network and services of every machine, by group of the inventory.",
  variables: [GROUP, MACHINE_OF_GROUP],
  sections: [
    {
      title: "CPU and memory",
      panels: [
        states({
          title: "Machines up",
          description: "Whether the machine's node_exporter answers Prometheus.",
          measures: ["up"],
          queries: { "{{machine}}": `up{${NODE}}` },
          unit: "switch",
          states: UP_OR_DOWN,
          width: 24,
        }),
        lines({
          title: "CPU in use",
          description: "Of all cores together. An alert fires when it stays above the line.",
          measures: ["node_cpu_seconds_total"],
          queries: {
            "{{machine}}": `1 - sum by (machine) (${rate("node_cpu_seconds_total", `${NODE}, mode="idle"`)}) / sum by (machine) (${rate("node_cpu_seconds_total", NODE)})`,
          },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
          max: 1,
        }),
        lines({
          title: "CPU time by mode",
          description:
            "Cores in use, of the chosen machines together: user is work, iowait waits for disks, steal is taken by a host.",
          measures: ["node_cpu_seconds_total"],
          queries: { "{{mode}}": `sum by (mode) (${rate("node_cpu_seconds_total", `${NODE}, mode!="idle"`)})` },
          unit: "count",
          isStacked: true,
        }),
        lines({
          title: "Memory in use",
          description:
            "What could not be had for a new program. A replica of the API uses most of its little memory on purpose.",
          measures: ["node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"],
          queries: {
            "{{machine}}": `1 - node_memory_MemAvailable_bytes{${NODE}} / node_memory_MemTotal_bytes{${NODE}}`,
          },
          unit: "share",
          limits: atMost(0.75, 0.95),
          max: 1,
        }),
        lines({
          title: "Load, average of 1 minute",
          description: "Programs that run or wait for a disk. In the lab it is that of the whole computer.",
          measures: ["node_load1"],
          queries: { "{{machine}}": `node_load1{${NODE}}` },
          unit: "count",
        }),
        lines({
          title: "Pressure: time waited for CPU, disk, memory",
          description:
            "Share of the time in which some program could not go on. In the lab it is that of the whole computer.",
          measures: [
            "node_pressure_cpu_waiting_seconds_total",
            "node_pressure_io_waiting_seconds_total",
            "node_pressure_memory_waiting_seconds_total",
          ],
          queries: {
            "{{machine}} CPU": rate("node_pressure_cpu_waiting_seconds_total", NODE),
            "{{machine}} disk": rate("node_pressure_io_waiting_seconds_total", NODE),
            "{{machine}} memory": rate("node_pressure_memory_waiting_seconds_total", NODE),
          },
          unit: "share",
        }),
        lines({
          title: "Processes killed for want of memory (OOM kill)",
          description: "In 5 minutes. None is normal. The machines of a lab share one kernel and its counter.",
          measures: ["node_vmstat_oom_kill"],
          queries: { "{{machine}}": `increase(node_vmstat_oom_kill{${NODE}}[5m])` },
          unit: "count",
          limits: [{ from: 1, severity: "warning" }],
        }),
      ],
    },
    {
      title: "Disks",
      panels: [
        lines({
          title: "Filesystem space in use",
          description: "An alert fires when it stays above the line.",
          measures: ["node_filesystem_avail_bytes", "node_filesystem_size_bytes"],
          queries: {
            "{{machine}} {{mountpoint}}": `1 - node_filesystem_avail_bytes{${NODE}} / node_filesystem_size_bytes{${NODE}}`,
          },
          unit: "share",
          limits: [{ from: 0.9, severity: "warning" }],
          max: 1,
        }),
        lines({
          title: "File nodes (inodes) in use",
          description: "Without free ones no file can be made, whatever space there is.",
          measures: ["node_filesystem_files", "node_filesystem_files_free"],
          queries: {
            "{{machine}} {{mountpoint}}": `1 - node_filesystem_files_free{${NODE}} / (node_filesystem_files{${NODE}} > 0)`,
          },
          unit: "share",
          limits: [{ from: 0.9, severity: "warning" }],
          max: 1,
        }),
        lines({
          title: "Disk: bytes read and written",
          description:
            "Of all disks of a machine. In the lab they are those of the whole computer; replicas of the API don't report them.",
          measures: ["node_disk_read_bytes_total", "node_disk_written_bytes_total"],
          queries: {
            "{{machine}} read": `sum by (machine) (${rate("node_disk_read_bytes_total", NODE)})`,
            "{{machine}} written": `sum by (machine) (${rate("node_disk_written_bytes_total", NODE)})`,
          },
          unit: "bytes/s",
        }),
        lines({
          title: "Disk busy with I/O",
          description: "Share of the time in which the busiest disk of a machine had something to do.",
          measures: ["node_disk_io_time_seconds_total"],
          queries: { "{{machine}}": `max by (machine) (${rate("node_disk_io_time_seconds_total", NODE)})` },
          unit: "share",
        }),
      ],
    },
    {
      title: "Network",
      panels: [
        lines({
          title: "Network: bytes received and transmitted",
          description: "Of all cables of a machine.",
          measures: ["node_network_receive_bytes_total", "node_network_transmit_bytes_total"],
          queries: {
            "{{machine}} received": `sum by (machine) (${rate("node_network_receive_bytes_total", CABLE)})`,
            "{{machine}} transmitted": `sum by (machine) (${rate("node_network_transmit_bytes_total", CABLE)})`,
          },
          unit: "bytes/s",
        }),
        lines({
          title: "Network: errors and drops",
          description: "Packets that were damaged or thrown away. None is normal.",
          measures: [
            "node_network_receive_drop_total",
            "node_network_receive_errs_total",
            "node_network_transmit_drop_total",
            "node_network_transmit_errs_total",
          ],
          queries: {
            "{{machine}} errors, received": `sum by (machine) (${rate("node_network_receive_errs_total", CABLE)})`,
            "{{machine}} errors, transmitted": `sum by (machine) (${rate("node_network_transmit_errs_total", CABLE)})`,
            "{{machine}} dropped, received": `sum by (machine) (${rate("node_network_receive_drop_total", CABLE)})`,
            "{{machine}} dropped, transmitted": `sum by (machine) (${rate("node_network_transmit_drop_total", CABLE)})`,
          },
          unit: "1/s",
        }),
        lines({
          title: "TCP segments retransmitted",
          description: "Share of what was sent that had to be sent again: packets are lost on the way.",
          measures: ["node_netstat_Tcp_OutSegs", "node_netstat_Tcp_RetransSegs"],
          queries: {
            "{{machine}}": `${rate("node_netstat_Tcp_RetransSegs", NODE)} / ${rate("node_netstat_Tcp_OutSegs", NODE)}`,
          },
          unit: "share",
        }),
        lines({
          title: "TCP connections",
          description: "Those that are established.",
          measures: ["node_netstat_Tcp_CurrEstab"],
          queries: { "{{machine}}": `node_netstat_Tcp_CurrEstab{${NODE}}` },
          unit: "count",
        }),
      ],
    },
    {
      title: "Processes, services, clock",
      panels: [
        lines({
          title: "Processes and threads",
          description: "How many there are on a machine.",
          measures: ["node_processes_pids", "node_processes_threads"],
          queries: {
            "{{machine}} processes": `node_processes_pids{${NODE}}`,
            "{{machine}} threads": `node_processes_threads{${NODE}}`,
          },
          unit: "count",
        }),
        lines({
          title: "Failed units of systemd",
          description: "Units that systemd has given up, the stand's own and all others. None is normal.",
          measures: ["node_systemd_units"],
          queries: { "{{machine}}": `node_systemd_units{${NODE}, state="failed"}` },
          unit: "count",
          limits: [{ from: 1, severity: "warning" }],
        }),
        lines({
          title: "Service restarts",
          description:
            "In an hour: services that ended by themselves and that systemd started again. Replicas of the API don't report them.",
          measures: ["node_systemd_service_restart_total"],
          queries: { "{{machine}}": `sum by (machine) (increase(node_systemd_service_restart_total{${NODE}}[1h]))` },
          unit: "count",
        }),
        lines({
          title: "System time, distance from Prometheus' own",
          description: "A slow scrape adds to it. An alert fires above the line.",
          measures: ["node_time_seconds"],
          queries: { "{{machine}}": `abs(node_time_seconds{${NODE}} - timestamp(node_time_seconds{${NODE}}))` },
          unit: "seconds",
          limits: [{ from: 2, severity: "warning" }],
        }),
      ],
    },
  ],
};
