mod trust_differential;
mod trust_oracle;
