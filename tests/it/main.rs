mod trust_differential;
mod trust_interop;
mod trust_numbers;
mod trust_oracle;
