package dev.tandem.ptx.machine;

import java.util.function.Consumer;

/**
 * What all launches on one device share.
 *
 * @param printer takes what kernels print
 */
public record Machine(
    EmulatorOptions options, GlobalMemory memory, Sanitizer sanitizer, Consumer<String> printer) {}
