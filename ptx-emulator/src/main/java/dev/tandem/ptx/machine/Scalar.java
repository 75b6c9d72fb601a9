package dev.tandem.ptx.machine;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;

/**
 * What an instruction does to one lane: a static method without side effects, some of whose last parameters are already
 * given.
 *
 * @param constants the last arguments: numbers, booleans or enum constants
 */
record Scalar(Method method, List<Object> constants) {
  /** The one method of that name. */
  static Scalar of(Class<?> owner, String name, Object... constants) {
    List<Method> found =
        Arrays.stream(owner.getDeclaredMethods())
            .filter(m -> m.getName().equals(name) && Modifier.isStatic(m.getModifiers()))
            .toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          owner.getSimpleName() + "." + name + ": must be one method, got " + found.size());
    }
    return new Scalar(found.getFirst(), List.of(constants));
  }

  /** How many operands it takes: its parameters but for the constants. */
  int operands() {
    return method.getParameterCount() - constants.size();
  }

  Class<?> parameter(int i) {
    return method.getParameterTypes()[i];
  }

  Class<?> result() {
    return method.getReturnType();
  }
}
