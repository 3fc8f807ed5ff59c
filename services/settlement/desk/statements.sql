-- What the desk asks of a person's statement. $1: the look, which is on the record by then; without it there are no rows.

-- name: look
select settlement_desk.look_at_statement($1, $2, $3, $4, $5, $6, $7);

-- name: refusal
select settlement_desk.statement_refusal($1);

-- name: account
select psn_no, admdvs, state, version, usage from settlement_desk.statement_account($1);

-- name: balances
select pot, segment, opening, closing from settlement_desk.statement_balances($1);

-- name: movements
select at, kind, current, historic, apart, held, reference, fixmedins_code, pharmacy, med_type, binding_id, relation, relative, premium,
    premium_year, fixmedins_name
from settlement_desk.statement_movements($1);

-- name: family
select binding_id, relation, relative, state, version, facts, usage, bills, used, used_in_year, apart
from settlement_desk.statement_family($1);
