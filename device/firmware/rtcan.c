/*
 * RTCAN firmware: a skin-conductance sensor that samples on time, numbers and times every sample,
 * and says what it is. For ATmega328P boards (Arduino Uno, Nano, Pro Mini) at 16 MHz with a Grove
 * GSR board's SIG on A0. Wiring: docs/wiring.md. Frames and commands: docs/sensors.md.
 *
 * Timer 1 decides when a sample is taken: each tick of it counts a sequence number and advances a
 * clock in microseconds by exactly one period, so that a sample that the program was too slow for
 * shows as a missing number, never as a wrong time. A reading is the sum of 16 conversions.
 *
 * Commands are lines of text, answered by an identity line in a frame:
 *     ?            who are you
 *     rate 100     samples per second, 10 to 200
 *     open 8192    reading with open electrodes; kept in the EEPROM
 *     reset        start again, through the watchdog
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <util/crc16.h>

#ifndef BOARD
#define BOARD "atmega328p"
#endif
#define BAUD_RATE 115200UL
#define VERSION 1
#define SETTINGS_FRAME 0x41
#define TEXT_FRAME 0x81
#define CONVERSIONS 16
#define BITS 14
#define OPEN_NOMINAL (512U * CONVERSIONS)
#define RATE_AT_START 100
#define RATE_LOWEST 10
#define RATE_HIGHEST 200
/* Timer 1 runs at 16 MHz / 64: one count is 4 microseconds. */
#define TIMER_HZ (F_CPU / 64UL)
#define COUNT_US (64UL * 1000000UL / F_CPU)
/* An erased EEPROM reads 0xFFFF. */
#define EEPROM_OPEN ((uint16_t *)0)
#define LONGEST_TEXT 64
#define LONGEST_LINE 31

static volatile uint16_t period_counts = TIMER_HZ / RATE_AT_START;
static volatile bool due;
static volatile uint16_t tick_number;
static volatile uint32_t tick_us;

static volatile uint8_t received[32];
static volatile uint8_t received_head;
static uint8_t received_tail;

static uint16_t rate_hz = RATE_AT_START;
static uint16_t open_adc;

/* After a reset by the watchdog it is still running, at its shortest: stop it before anything. */
void stop_watchdog(void) __attribute__((naked, used, section(".init3")));
void stop_watchdog(void)
{
	MCUSR = 0;
	wdt_disable();
}

ISR(TIMER1_COMPA_vect)
{
	OCR1A += period_counts;
	tick_us += period_counts * COUNT_US;
	tick_number++;
	due = true;
}

ISR(USART_RX_vect)
{
	uint8_t byte = UDR0;
	uint8_t next = (received_head + 1) % sizeof received;

	if (next != received_tail) {
		received[received_head] = byte;
		received_head = next;
	}
}


static void send_byte(uint8_t byte)
{
	while (!(UCSR0A & _BV(UDRE0)))
		;
	UDR0 = byte;
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
		SETTINGS_FRAME, BITS, open_adc, open_adc >> 8, rate_hz, rate_hz >> 8, started,
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

static void send_sample(uint16_t number, uint32_t time_us, uint16_t adc)
{
	uint8_t payload[9 + 2] = {
		VERSION,       number,	       number >> 8, time_us, time_us >> 8,
		time_us >> 16, time_us >> 24, adc,	    adc >> 8,
	};

	send_frame(payload, 9);
}

static uint16_t read_adc(void)
{
	uint16_t sum = 0;

	for (uint8_t i = 0; i < CONVERSIONS; i++) {
		ADCSRA |= _BV(ADSC);
		while (ADCSRA & _BV(ADSC))
			;
		sum += ADC;
	}
	return sum;
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
		uint16_t counts = TIMER_HZ / value;

		rate_hz = value;
		cli();
		period_counts = counts;
		sei();
	} else if (!strcmp(line, "open") && value > 0 && value < (1L << BITS)) {
		open_adc = value;
		eeprom_update_word(EEPROM_OPEN, open_adc);
	} else if (!strcmp(line, "reset")) {
		for (;;)
			;
	} else if (strcmp(line, "?")) {
		send_text("error");
		return;
	}
	send_identity("rtcan", false);
}

static void listen(void)
{
	static char line[LONGEST_LINE + 1];
	static uint8_t size;

	while (received_tail != received_head) {
		char byte = received[received_tail];

		received_tail = (received_tail + 1) % sizeof received;
		if (byte == '\n' || byte == '\r') {
			line[size] = '\0';
			if (size)
				obey(line);
			size = 0;
		} else if (size < LONGEST_LINE) {
			line[size++] = byte;
		}
	}
}

int main(void)
{
	uint16_t since_settings = 0;

	/* Twice the usual clock, before the divider: 115200 is 2 % off at 16 MHz instead of 4 %. */
	UCSR0A = _BV(U2X0);
	UBRR0 = (F_CPU / 4 / BAUD_RATE - 1) / 2;
	UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
	UCSR0B = _BV(TXEN0) | _BV(RXEN0) | _BV(RXCIE0);

	/* AVcc as reference, like Arduino's analogRead; 125 kHz, the converter's best. */
	ADMUX = _BV(REFS0);
	ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
	DIDR0 = _BV(ADC0D);

	open_adc = eeprom_read_word(EEPROM_OPEN);
	if (open_adc == 0 || open_adc >= (1U << BITS))
		open_adc = OPEN_NOMINAL;

	OCR1A = period_counts;
	TIMSK1 = _BV(OCIE1A);
	TCCR1B = _BV(CS11) | _BV(CS10);

	wdt_enable(WDTO_500MS);
	sei();
	send_byte(0);
	send_identity("hello", true);
	for (;;) {
		wdt_reset();
		listen();
		if (due) {
			uint16_t number;
			uint32_t time_us;

			cli();
			due = false;
			number = tick_number - 1;
			time_us = tick_us;
			sei();
			send_sample(number, time_us, read_adc());
			if (++since_settings >= rate_hz) {
				since_settings = 0;
				send_settings(false);
			}
		}
	}
}
