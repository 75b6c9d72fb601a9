/**
 * The machine that runs a kernel: grids of blocks of warps of 32 lanes, their memories, and one {@link
 * dev.tandem.ptx.machine.Step} for each instruction.
 */
package dev.tandem.ptx.machine;
