/**
 * The CPU backend, in pure Java: the reference the other backends are held against, and the fallback where
 * there is no GPU. One class a family of ops; hot float loops behind {@code Kernels}, once with the Vector API
 * and once without, with the same bits as result. No result depends on the number of threads.
 */
package dev.tandem.cpu;
