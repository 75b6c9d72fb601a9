/** The {@code tandem} command: train, eval, predict, compare, devices; and what it prints. */
package dev.tandem.cli;
