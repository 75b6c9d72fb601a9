package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Variable;
import java.lang.foreign.ValueLayout;

/** A kernel's parameters, against which the arguments of a launch are held one by one. */
record EmulatedParameters(LinkedKernel kernel, EmulatedGpu gpu) {
  /** Says where arguments first differ from the parameters; empty where they do not. */
  String mismatch(Arguments arguments) {
    int count = kernel.parameters().size();
    String counts = "; got " + arguments.count() + " arguments for " + count + " parameters";
    for (int i = 0; i < Math.min(arguments.count(), count); i++) {
      long taken = end(arguments, i) - arguments.offset(i);
      // Up to the next parameter: so far an argument, too, is seen to reach.
      long end = i + 1 < count ? kernel.offsets().get(i + 1) : kernel.parameterBytes();
      long begin = kernel.offsets().get(i);
      boolean last = i + 1 == arguments.count() || i + 1 == count;
      boolean fits =
          last ? taken >= kernel.parameters().get(i).bytes() : arguments.offset(i + 1) == end;
      if (arguments.offset(i) != begin || !fits || last && !holds(arguments, i, taken)) {
        return "argument %d has %d bytes, %s has %d%s; pass them in order and in their own sizes"
            .formatted(i, taken, name(i), kernel.parameters().get(i).bytes(), counts);
      }
    }
    if (arguments.count() < count) {
      return name(arguments.count()) + " has no argument" + counts;
    }
    return arguments.count() == count ? "" : "there is no parameter " + count + counts;
  }

  /** Whether an argument that is the last of one of the two lists is as long as its parameter, or padded to the next argument. */
  private boolean holds(Arguments arguments, int i, long taken) {
    long bytes = kernel.parameters().get(i).bytes();
    return taken == bytes || i + 1 < arguments.count() && taken >= bytes;
  }

  private static long end(Arguments arguments, int i) {
    return i + 1 < arguments.count() ? arguments.offset(i + 1) : arguments.packed().byteSize();
  }

  private String name(int i) {
    Variable parameter = kernel.parameters().get(i);
    return "parameter %d (%s, .%s)".formatted(i, parameter.name(), parameter.type().word());
  }

  /** Says which argument's range reaches out of the allocation that it begins in; empty where none does. */
  String overreach(Arguments arguments) {
    int i = 0;
    for (Arguments.Range range : arguments.ranges()) {
      while (i < arguments.count() && !isAddress(arguments, i, range.address())) {
        i++;
      }
      String beyond = gpu.beyond(range.address(), range.bytes());
      if (!beyond.isEmpty()) {
        return "argument " + i + " for " + name(i) + ": the " + beyond;
      }
      i++;
    }
    return "";
  }

  private static boolean isAddress(Arguments arguments, int i, long address) {
    return end(arguments, i) - arguments.offset(i) >= Long.BYTES
        && arguments.packed().get(ValueLayout.JAVA_LONG, arguments.offset(i)) == address;
  }
}
