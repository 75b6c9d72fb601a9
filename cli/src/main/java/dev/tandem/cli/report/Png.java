package dev.tandem.cli.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Small pictures as PNG (W3C, Portable Network Graphics, third edition), 8 bits a channel. Of its own, for ImageIO needs java.desktop,
 * which servers and small runtimes do without.
 *
 * @param channels 1: grey, 3: red, green and blue, 4: those and opacity
 * @param pixels (height, width, channels), row-major
 */
record Png(int width, int height, int channels, byte[] pixels) {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  Png {
    if ((channels != 1 && channels != 3 && channels != 4)
        || width < 1
        || height < 1
        || pixels.length != width * height * channels) {
      throw new IllegalArgumentException(
          "png: pixels do not fit, got "
              + pixels.length
              + " bytes for "
              + width
              + " x "
              + height
              + " x "
              + channels
              + "; give a byte each, of 1, 3 or 4 channels");
    }
  }

  /**
   * A sample as a picture: channels 1 and 3 as grey and colour, of others the first as grey.
   *
   * @param sample (channels, height, width), row-major
   * @param black what is drawn black, and white what is drawn white
   */
  static Png of(float[] sample, int channels, int height, int width, float black, float white) {
    int drawn = channels == 3 ? 3 : 1;
    byte[] pixels = new byte[width * height * drawn];
    float range = white > black ? white - black : 1;
    for (int c = 0; c < drawn; c++) {
      for (int i = 0; i < width * height; i++) {
        float share = (sample[c * width * height + i] - black) / range;
        pixels[i * drawn + c] = (byte) Math.round(255 * Math.clamp(share, 0f, 1f)); // NaN is black
      }
    }
    return new Png(width, height, drawn, pixels);
  }

  byte[] bytes() {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.writeBytes(SIGNATURE);
    byte colour = (byte) (channels == 1 ? 0 : channels == 3 ? 2 : 6);
    chunk(
        png,
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) 8)
            .put(colour)
            .array()); // deflate, plain filters, not interlaced: three zeros
    int row = width * channels;
    byte[] filtered = new byte[height * (row + 1)]; // each row begins with its filter: none
    for (int y = 0; y < height; y++) {
      System.arraycopy(pixels, y * row, filtered, y * (row + 1) + 1, row);
    }
    chunk(png, "IDAT", deflated(filtered));
    chunk(png, "IEND", new byte[0]);
    return png.toByteArray();
  }

  private static byte[] deflated(byte[] data) {
    ByteArrayOutputStream small = new ByteArrayOutputStream();
    try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
      deflater.setInput(data);
      deflater.finish();
      byte[] part = new byte[4096];
      while (!deflater.finished()) {
        small.write(part, 0, deflater.deflate(part));
      }
    }
    return small.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream png, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    png.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    png.writeBytes(name);
    png.writeBytes(data);
    png.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }

  String base64() {
    return Base64.getEncoder().encodeToString(bytes());
  }
}
