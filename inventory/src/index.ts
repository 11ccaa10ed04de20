/** The one file that describes a stand, and how to run a command on one of its machines. */
export { type Completed, DEADLINE_EXCEEDED, type RunOptions, runCommand } from "./command.ts";
export { fenceArgv, type Inventory, type Machine, machineNamed, ROLES, type Role, type Rto } from "./inventory.ts";
export { InventoryError } from "./inventory-error.ts";
export { type Login, readLogins } from "./logins.ts";
export { inNamespace } from "./namespace.ts";
export { readInventory } from "./read-inventory.ts";
export { Shell, type ShellOptions } from "./shell.ts";
export { shellQuote, shellWords } from "./shell-words.ts";
export { runOn, SSH_FAILED, sshCommand, sshTerminal } from "./ssh.ts";
