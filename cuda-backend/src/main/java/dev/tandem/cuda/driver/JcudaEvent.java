package dev.tandem.cuda.driver;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** An event of the driver's. */
final class JcudaEvent extends JcudaResource implements Event {
  private final CUevent handle;
  private final boolean timing;

  private JcudaEvent(JcudaContext context, CUevent handle, boolean timing) {
    super(context, Turn.EVENT, "event");
    this.handle = handle;
    this.timing = timing;
  }

  /** A new one in a context that is entered. */
  static JcudaEvent create(JcudaContext context, boolean timing) {
    CUevent handle = new CUevent();
    int flags = timing ? CUevent_flags.CU_EVENT_DEFAULT : CUevent_flags.CU_EVENT_DISABLE_TIMING;
    Calls.check(JCudaDriver.cuEventCreate(handle, flags), "cuEventCreate");
    return new JcudaEvent(context, handle, timing);
  }

  CUevent handle() {
    return handle;
  }

  @Override
  public boolean done() {
    enter("cuEventQuery");
    return Calls.done(JCudaDriver.cuEventQuery(handle), "cuEventQuery");
  }

  @Override
  public void synchronize() {
    enter("cuEventSynchronize");
    Calls.check(JCudaDriver.cuEventSynchronize(handle), "cuEventSynchronize");
  }

  @Override
  public double millisSince(Event start) {
    String operation = "cuEventElapsedTime";
    enter(operation);
    if (!(start instanceof JcudaEvent from)) {
      throw Calls.invalid(operation, "the event is of another driver");
    }
    requireSameContext(operation, from);
    if (!timing || !from.timing) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_INVALID_HANDLE,
          "an event without timing has no time; make both with timing");
    }
    float[] millis = new float[1];
    Calls.check(JCudaDriver.cuEventElapsedTime(millis, from.handle, handle), operation);
    return millis[0];
  }

  @Override
  void free() {
    Calls.check(JCudaDriver.cuEventDestroy(handle), "cuEventDestroy");
  }
}
