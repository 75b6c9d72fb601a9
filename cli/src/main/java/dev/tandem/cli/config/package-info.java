/**
 * The YAML config: records that say what may be written, a reader that refuses the rest with file and line, and a writer.
 * Every key is declared once, as a component of a record with a {@link dev.tandem.cli.config.Setting}: types, ranges,
 * defaults, {@code --set}, the nearest valid key and {@code tandem help config} all come from there.
 */
package dev.tandem.cli.config;
