/**
 * What a device must offer to run Tandem: memory, ops and updates. A backend sees tensors only as typed buffers; of
 * gradients it knows nothing.
 */
package dev.tandem.backend;
