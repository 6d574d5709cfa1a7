"""Sizing, stops, costs and guardrails: plain functions on numbers and frozen facts."""
