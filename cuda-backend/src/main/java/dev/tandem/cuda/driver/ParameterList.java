package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A launch's {@code kernelParams}: the addresses of its arguments, in native memory that a thread reuses.
 *
 * <p>JCuda hands native memory on as it is. A Pointer to Pointers it takes apart on every launch: eight arguments cost about
 * 10 microseconds so, and about half of one here (JDK 25, a library that does nothing in the driver's place). The other way of
 * the driver, {@code extra} with one packed buffer, costs the same, but cooperative launches do not have it.
 */
final class ParameterList {
  private static final ThreadLocal<ParameterList> OF_THREAD =
      ThreadLocal.withInitial(ParameterList::new);
  private static final int USUAL = 32;

  private MemorySegment addresses = allocate(USUAL);

  private ParameterList() {}

  /** Those of the calling thread's next launch, good until it asks again. */
  static Handles.HostAddress of(Arguments arguments) {
    return OF_THREAD.get().fill(arguments);
  }

  private Handles.HostAddress fill(Arguments arguments) {
    int count = arguments.count();
    if (addresses.byteSize() < count * ValueLayout.JAVA_LONG.byteSize()) {
      addresses = allocate(count);
    }
    long base = arguments.packed().address();
    for (int i = 0; i < count; i++) {
      addresses.setAtIndex(ValueLayout.JAVA_LONG, i, base + arguments.offset(i));
    }
    return new Handles.HostAddress(addresses.address());
  }

  private static MemorySegment allocate(int count) {
    return Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, count);
  }
}
