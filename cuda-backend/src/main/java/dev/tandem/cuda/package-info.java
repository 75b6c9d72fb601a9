/**
 * The CUDA backend: one file a family of ops, launching the kernels of the {@code kernels} module on one stream. Sees shape, op and
 * backend only; the device is behind {@code dev.tandem.cuda.driver}.
 */
package dev.tandem.cuda;
