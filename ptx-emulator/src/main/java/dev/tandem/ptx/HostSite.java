package dev.tandem.ptx;

import java.lang.StackWalker.StackFrame;

/** Where in the host's code a call into the driver comes from. Streams are lazy, so a stack trace shows the wait, not the launch. */
final class HostSite {
  private static final String DRIVER = "dev.tandem.cuda.driver.";
  private static final String DEVICE = EmulatedDriver.class.getPackageName() + ".Emulated";

  private HostSite() {}

  /** The nearest caller that is not the driver itself: {@code "Gelu.java:34"}. */
  static String here() {
    return StackWalker.getInstance()
        .walk(frames ->
            frames
                .filter(frame -> isHost(frame.getClassName()))
                .findFirst()
                .map(HostSite::text)
                .orElse(""));
  }

  private static boolean isHost(String name) {
    boolean test = name.endsWith("Test");
    return test
        || !name.startsWith(DRIVER)
            && !name.startsWith(DEVICE)
            && !name.equals(HostSite.class.getName());
  }

  private static String text(StackFrame frame) {
    return frame.getFileName() + ":" + frame.getLineNumber();
  }
}
