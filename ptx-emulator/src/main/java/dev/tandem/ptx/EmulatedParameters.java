package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Variable;

/** A kernel's parameters, against which the arguments of a launch are held one by one. */
record EmulatedParameters(LinkedKernel kernel, EmulatedGpu gpu) {
  /** Says where arguments first differ from the parameters; empty where they do not. */
  String mismatch(Arguments arguments) {
    int count = kernel.parameters().size();
    String counts = "; got " + arguments.count() + " arguments for " + count + " parameters";
    for (int i = 0; i < Math.min(arguments.count(), count); i++) {
      long bytes = kernel.parameters().get(i).bytes();
      if (arguments.offset(i) != kernel.offsets().get(i) || arguments.bytes(i) != bytes) {
        return "argument %d has %d bytes, %s has %d%s; pass them in order and in their own sizes"
            .formatted(i, arguments.bytes(i), name(i), bytes, counts);
      }
    }
    if (arguments.count() < count) {
      return name(arguments.count()) + " has no argument" + counts;
    }
    return arguments.count() == count ? "" : "there is no parameter " + count + counts;
  }

  private String name(int i) {
    Variable parameter = kernel.parameters().get(i);
    // The parser numbers names that several kernels use.
    String written = parameter.name().replaceFirst("#\\d+$", "");
    return "parameter %d (%s, .%s)".formatted(i, written, parameter.type().word());
  }

  /** Says which argument's range reaches out of the allocation that it begins in; empty where none does. */
  String overreach(Arguments arguments) {
    int count = 0;
    for (Arguments.Range range : arguments.ranges()) {
      int i = arguments.holder(count++);
      String beyond = gpu.memory().beyond(range.address(), range.bytes());
      if (!beyond.isEmpty()) {
        return "argument " + i + " for " + name(i) + ": the " + beyond;
      }
    }
    return "";
  }
}
