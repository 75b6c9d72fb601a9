package dev.tandem.driver;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import java.util.List;
import java.util.TreeMap;

/** The numbers by which C knows objects of Java: handles, or addresses. */
final class LoopbackHandles {
  private final TreeMap<Long, Object> objects = new TreeMap<>();
  private long next = 0xABCD_0000_1000L;

  /** A number of its own for an object. */
  long add(Object object) {
    next += 16;
    return add(next, object);
  }

  /** An object whose number is an address. */
  long add(long number, Object object) {
    objects.put(number, object);
    return number;
  }

  <T> T get(String operation, Class<T> type, long number) {
    return checked(operation, type, number, objects.get(number));
  }

  <T> T remove(String operation, Class<T> type, long number) {
    T object = get(operation, type, number);
    objects.remove(number);
    return object;
  }

  /** The address at or below this one at which an object begins. */
  long begin(String operation, long address) {
    Long begin = objects.floorKey(address);
    if (begin == null) {
      throw invalid(operation, address, "nothing");
    }
    return begin;
  }

  /** What was made and not destroyed. */
  List<String> left() {
    return objects.values().stream().map(object -> object.getClass().getSimpleName()).toList();
  }

  private static <T> T checked(String operation, Class<T> type, long number, Object object) {
    if (!type.isInstance(object)) {
      throw invalid(operation, number, type.getSimpleName());
    }
    return type.cast(object);
  }

  private static DriverException invalid(String operation, long number, String what) {
    return new DriverException(
        operation,
        DriverError.CUDA_ERROR_INVALID_HANDLE,
        "0x" + Long.toHexString(number) + " is no handle or address of " + what);
  }
}
