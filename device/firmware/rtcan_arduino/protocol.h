/*
 * What a board of ours says and obeys: the one text of it, for ../rtcan.c and for the sketch here.
 *
 * Whoever includes this has named its BOARD, and defines the three functions that are declared
 * first. Frames: device/protocols/rtcan.py. Commands are lines of text, answered by an identity:
 *     ?            who are you
 *     rate 100     samples per second, 10 to 200
 *     open 8192    reading with open electrodes; kept in the EEPROM
 *     reset        start again, through the watchdog
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <util/crc16.h>

#define BAUD_RATE 115200UL
#define VERSION 1
#define SETTINGS_FRAME 0x41
#define TEXT_FRAME 0x81
/* A reading is the sum of so many conversions of ten bits. */
#define CONVERSIONS 16
#define BITS 14
#define OPEN_NOMINAL (512U * CONVERSIONS)
#define RATE_AT_START 100
#define RATE_LOWEST 10
#define RATE_HIGHEST 200
#define LONGEST_TEXT 64
#define LONGEST_LINE 31

static uint16_t rate_hz = RATE_AT_START;
static uint16_t open_adc = OPEN_NOMINAL;

static void send_byte(uint8_t byte);
/* Sample at rate_hz from now on. */
static void follow_rate(void);
/* Write open_adc to the EEPROM. */
static void keep_open_adc(void);

/* Take what the EEPROM holds, if it can be; an erased one reads 0xFFFF. */
static void restore_open_adc(uint16_t kept)
{
	if (kept > 0 && kept < (1U << BITS))
		open_adc = kept;
}

/* Send payload and CRC-16 (XMODEM, low byte first), COBS coded, ended by a zero byte. */
static void send_frame(uint8_t *payload, uint8_t size)
{
	uint16_t crc = 0;
	uint8_t start = 0;

	for (uint8_t i = 0; i < size; i++)
		crc = _crc_xmodem_update(crc, payload[i]);
	payload[size++] = crc & 0xFF;
	payload[size++] = crc >> 8;
	/* Each block is its length plus one, then its bytes up to the next zero. Frames are short:
	 * a block of 254 bytes without a zero does not happen. */
	for (uint8_t i = 0; i <= size; i++) {
		if (i < size && payload[i] != 0)
			continue;
		send_byte(i - start + 1);
		while (start < i)
			send_byte(payload[start++]);
		start = i + 1;
	}
	send_byte(0);
}

static void send_text(const char *text)
{
	uint8_t payload[1 + LONGEST_TEXT + 2];
	uint8_t size = strlen(text);

	payload[0] = TEXT_FRAME;
	memcpy(payload + 1, text, size);
	send_frame(payload, 1 + size);
}

/* What a reader must know to use a sample, in few bytes, which pass even a bad line. */
static void send_settings(bool started)
{
	uint8_t payload[7 + 2] = {
		SETTINGS_FRAME,	  BITS,			   (uint8_t)open_adc, (uint8_t)(open_adc >> 8),
		(uint8_t)rate_hz, (uint8_t)(rate_hz >> 8), started,
	};

	send_frame(payload, 7);
}

static void send_identity(const char *greeting, bool started)
{
	char text[LONGEST_TEXT + 1];

	send_settings(started);
	snprintf(text, sizeof text, "%s %d board=%s bits=%d open=%u rate=%u", greeting, VERSION,
		 BOARD, BITS, open_adc, rate_hz);
	send_text(text);
}

/* Send a sample; once a second the settings after it. */
static void send_sample(uint16_t number, uint32_t time_us, uint16_t adc)
{
	static uint16_t since_settings;
	uint8_t payload[9 + 2] = {
		VERSION,
		(uint8_t)number,
		(uint8_t)(number >> 8),
		(uint8_t)time_us,
		(uint8_t)(time_us >> 8),
		(uint8_t)(time_us >> 16),
		(uint8_t)(time_us >> 24),
		(uint8_t)adc,
		(uint8_t)(adc >> 8),
	};

	send_frame(payload, 9);
	if (++since_settings >= rate_hz) {
		since_settings = 0;
		send_settings(false);
	}
}

static void obey(char *line)
{
	char *number = strchr(line, ' ');
	long value = -1;

	if (number) {
		*number++ = '\0';
		value = atol(number);
	}
	if (!strcmp(line, "rate") && value >= RATE_LOWEST && value <= RATE_HIGHEST) {
		rate_hz = value;
		follow_rate();
	} else if (!strcmp(line, "open") && value > 0 && value < (1L << BITS)) {
		open_adc = value;
		keep_open_adc();
	} else if (!strcmp(line, "reset")) {
		for (;;)
			; /* until the watchdog bites */
	} else if (strcmp(line, "?")) {
		send_text("error");
		return;
	}
	send_identity("rtcan", false);
}

/* Take one byte of a command, and obey the command that it ends. */
static void hear(char byte)
{
	static char line[LONGEST_LINE + 1];
	static uint8_t size;

	if (byte == '\n' || byte == '\r') {
		line[size] = '\0';
		if (size)
			obey(line);
		size = 0;
	} else if (size < LONGEST_LINE) {
		line[size++] = byte;
	}
}
