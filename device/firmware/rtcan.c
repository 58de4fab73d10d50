/*
 * RTCAN firmware: a skin-conductance sensor that samples on time, numbers and times every sample,
 * and says what it is. For ATmega328P boards (Arduino Uno, Nano, Pro Mini) at 16 MHz with a Grove
 * GSR board's SIG on A0. Wiring: docs/wiring.md. Frames and commands: docs/sensors.md.
 *
 * Timer 1 decides when a sample is taken: each tick of it counts a sequence number and advances a
 * clock in microseconds by exactly one period, so that a sample that the program was too slow for
 * shows as a missing number, never as a wrong time. A reading is the sum of 16 conversions.
 *
 * What it says and obeys stands in rtcan_arduino/protocol.h, which the Arduino sketch shares.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#ifndef BOARD
#define BOARD "atmega328p"
#endif
#include "rtcan_arduino/protocol.h"

/* Timer 1 runs at 16 MHz / 64: one count is 4 microseconds. */
#define TIMER_HZ (F_CPU / 64UL)
#define COUNT_US (64UL * 1000000UL / F_CPU)
#define EEPROM_OPEN ((uint16_t *)0)

static volatile uint16_t period_counts = TIMER_HZ / RATE_AT_START;
/* Of the period that is running: a new rate begins with the one after it. */
static uint16_t running_counts = TIMER_HZ / RATE_AT_START;
static volatile bool due;
static volatile uint16_t tick_number;
static volatile uint32_t tick_us;

static volatile uint8_t received[32];
static volatile uint8_t received_head;
static uint8_t received_tail;

/* After a reset by the watchdog it is still running, at its shortest: stop it before anything. */
void stop_watchdog(void) __attribute__((naked, used, section(".init3")));
void stop_watchdog(void)
{
	MCUSR = 0;
	wdt_disable();
}

ISR(TIMER1_COMPA_vect)
{
	tick_us += running_counts * COUNT_US;
	running_counts = period_counts;
	OCR1A += running_counts;
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

static void follow_rate(void)
{
	uint16_t counts = TIMER_HZ / rate_hz;

	cli();
	period_counts = counts;
	sei();
}

static void keep_open_adc(void)
{
	eeprom_update_word(EEPROM_OPEN, open_adc);
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

static void listen(void)
{
	while (received_tail != received_head) {
		char byte = received[received_tail];

		received_tail = (received_tail + 1) % sizeof received;
		hear(byte);
	}
}

int main(void)
{
	/* Twice the usual clock, before the divider: 115200 is 2 % off at 16 MHz instead of 4 %. */
	UCSR0A = _BV(U2X0);
	UBRR0 = (F_CPU / 4 / BAUD_RATE - 1) / 2;
	UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
	UCSR0B = _BV(TXEN0) | _BV(RXEN0) | _BV(RXCIE0);

	/* AVcc as reference, like Arduino's analogRead; 125 kHz, the converter's best. */
	ADMUX = _BV(REFS0);
	ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
	DIDR0 = _BV(ADC0D);

	restore_open_adc(eeprom_read_word(EEPROM_OPEN));

	OCR1A = running_counts;
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
		}
	}
}
