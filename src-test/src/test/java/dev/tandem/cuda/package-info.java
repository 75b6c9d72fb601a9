/** The CUDA backend beyond its ops: catalogue, memory, captured steps, failures, on the software GPU. */
package dev.tandem.cuda;
